"""How mails begin, for lists that say so: some mails of any number of mailboxes at once, off the hub."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from mysmtp.contracts import Offload
from mysmtp.errors import NoSuchMailbox
from mysmtp.store.holding import all_held, some
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.offload import to_the_end


def beginnings_of(
    wanted: Sequence[tuple[Mailbox, str, Sequence[int]]],
    octets: int,
    offload: Offload,
    write: Callable[[Mailbox], None],
) -> Mapping[tuple[str, int], bytes]:
    """Return the first octets of the bodies of mails, asked for as mailbox, the name it was asked for by, and ids.

    `write` has what waits for a mailbox written first. What is gone is left out. Raises StoreFailed.
    """
    asked = {mailbox: (name, ids) for mailbox, name, ids in wanted}
    found: dict[tuple[str, int], bytes] = {}

    def run(few: Sequence[Mailbox]) -> None:
        for mailbox in few:
            name, ids = asked[mailbox]
            write(mailbox)
            try:
                begin = mailbox.beginnings(ids, octets)
            except NoSuchMailbox:
                continue
            found.update(((name, mail_id), first) for mail_id, first in begin.items())

    for few in some(asked):
        with all_held(few):
            to_the_end(offload, partial(run, few))
    return found
