"""What lists show of mails with a header: their decoded subject and first words, from the first KB of each.

The first octets that every list knows hold no more than a part of such a header. So the store is asked for a little
more of the mails of a page, which is taken apart off the hub, and what came of it is remembered.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from mysmtp.contracts import MessageStore, Offload, run_here
from mysmtp.errors import StoreFailed
from mysmtp.message import MailSummary
from mysmtp.powers import Previewing
from mysmtp.web.glimpse import Glimpse, Look, glimpse_of, glimpse_of_letter

READ = 16 << 10  # octets of a mail: room for a long header, and for the style sheet before the words of a page
COUNTED = 512 << 10  # octets of one that has files, in which they are counted
KEPT = 5000  # mails that are remembered

_Lacking = Mapping[tuple[str, int], tuple[int, MailSummary]]


class Beginnings:
    """Looks at the mails of lists, and remembers what came of it for the last `kept` of them."""

    def __init__(self, store: MessageStore, offload: Offload = run_here, kept: int = KEPT) -> None:
        self._store = store
        self._offload = offload
        self._kept = kept
        self._known: OrderedDict[int, Glimpse] = OrderedDict()

    def look(self, mails: Iterable[tuple[str, MailSummary]]) -> Look:
        """Return what tells the glimpse of each of these mails, given with their mailboxes."""
        found: dict[tuple[str, int], Glimpse] = {}
        lacking: dict[tuple[str, int], tuple[int, MailSummary]] = {}
        for name, mail in mails:
            key = hash((name, mail.id, mail.size, mail.arrived, mail.sender, mail.preview))
            seen = self._known.get(key)
            if seen is None:
                seen = glimpse_of(mail)
                if seen.partial:
                    lacking[name, mail.id] = key, mail
                else:
                    self._remember(key, seen)
            found[name, mail.id] = seen
        if lacking and isinstance(self._store, Previewing):
            found.update(self._read(self._store, lacking, READ))
            uncounted = {each: lacking[each] for each in lacking if found[each].files is None}
            if uncounted:
                found.update(self._read(self._store, uncounted, COUNTED))
        return lambda name, mail: found[name, mail.id]

    def _read(self, store: Previewing, lacking: _Lacking, most: int) -> Mapping[tuple[str, int], Glimpse]:
        """Look at the first octets of mails, and remember what came of it."""
        wanted: dict[str, list[int]] = {}
        for name, mail_id in lacking:
            wanted.setdefault(name, []).append(mail_id)
        try:
            octets = store.beginnings(wanted, most)
        except StoreFailed:  # the store tells of it; what is known already is shown
            return {}
        there = {mail: (first, lacking[mail][1].size) for mail, first in octets.items() if first}
        made = self._offload(lambda: {mail: glimpse_of_letter(*each) for mail, each in there.items()})
        for mail, seen in made.items():
            self._remember(lacking[mail][0], seen)
        return made

    def _remember(self, key: int, seen: Glimpse) -> None:
        self._known[key] = seen
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
