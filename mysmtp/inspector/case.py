"""One session as the dialect doctor sees it, and what a rule of his returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from mysmtp.entry import CLIENT, SERVER, Entry
from mysmtp.inspector.protocols import Known, label_of


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: the rule's name, what the client does, why it matters, how to mend it, at which entry first."""

    rule: str
    what: str
    why: str
    mend: str
    number: int
    times: int


@dataclass(frozen=True)
class Case:
    """One session as a rule sees it. `reading` is the verb whose content was still missing at the end, "" if none."""

    known: Known
    entries: Sequence[Entry]
    ended: bool = False
    reading: str = ""

    @property
    def crlf(self) -> bool:
        """Whether the protocol ends its lines with CR LF."""
        return self.known.dialect.name != "my_smtp"

    @property
    def end(self) -> str:
        """A line end as a programmer writes it."""
        return r"\r\n" if self.crlf else r"\n"

    @property
    def protocol(self) -> str:
        """The protocol as a person writes it."""
        return label_of(self.known.dialect.name)

    @cached_property
    def commands(self) -> Sequence[Entry]:
        """What the client sent besides content."""
        return [entry for entry in self.entries if entry.kind == CLIENT]

    @cached_property
    def replies(self) -> Sequence[Entry]:
        """What the server answered to commands."""
        return [entry for entry in self.entries if entry.kind == SERVER and entry.verb]

    def after(self, entry: Entry) -> Iterator[Entry]:
        """Yield what crossed after an entry; entries are numbered one by one."""
        return islice(self.entries, entry.number - self.entries[0].number + 1, None)

    def found(self, rule: str, at: Sequence[Entry], what: str, why: str, mend: str) -> Finding | None:
        """Return a finding at these entries, None if there are none."""
        return Finding(rule, what, why, mend, at[0].number, len(at)) if at else None


def verb_of(entry: Entry) -> str:
    """Return the first word of a command in upper case."""
    words = entry.octets.split(maxsplit=1)
    return words[0].decode("ascii", "replace").upper() if words else ""
