"""A mailbox as the index follows it: in which state it is indexed, and what is still to be done about it. Pure."""

from array import array
from dataclasses import dataclass, field


@dataclass(slots=True)
class Box:
    """A mailbox and what is still to be done about it.

    `due` are ids to be read; `check` ids with the prints they are indexed under, to be compared; `stale` ids whose
    index is of another mail, `gone` ids to be forgotten, from the moment `until` on: till then somebody may put them
    back; `waiting` counts mails that nobody can read now.
    """

    name: str
    number: int
    state: str = ""  # in which it was looked at
    mark: object = None
    saved: str = ""  # the state in which all of it is indexed, as the tables have it
    lost: bool = False  # its file is gone
    empty: bool = False  # it is lost, and nothing of it is left in the index
    due: "array[int]" = field(default_factory=lambda: array("q"))
    check: dict[int, int] = field(default_factory=dict)
    stale: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    until: float = 0.0
    waiting: int = 0

    @property
    def unsearched(self) -> int:
        """How many of its mails are not searched."""
        return len(self.due) + len(self.check) + self.waiting

    def is_done(self, now: float) -> bool:
        """Tell whether nothing is left that can be done about it now."""
        if self.due or self.check or self.lost:
            return False
        return now < self.until if self.gone else self.saved == self.state or self.waiting > 0

    @property
    def is_through(self) -> bool:
        """Whether all of it is indexed in the state that it has now, and the tables do not know of that."""
        return not (self.due or self.check or self.gone or self.waiting or self.lost) and self.saved != self.state

    def hides(self, mail_id: int) -> bool:
        """Tell whether what the index knows under an id counts no more, or not for sure."""
        return self.lost or mail_id in self.gone or mail_id in self.stale or mail_id in self.check
