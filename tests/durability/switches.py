"""A delivery that is killed at each of its switches to the hub: `python -m tests.durability.switches FOLDER`.

A program of its own, for it is patched as the server is. Every mail must be whole in all its mailboxes or in none, and
in all of them when its sender was told so; what the killed one held is let go of, so the next mail comes in.
"""

from gevent import monkey

monkey.patch_all()

import itertools  # noqa: E402 - nothing may be imported before the patching
import sys  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import greenlet  # noqa: E402
from gevent.threadpool import ThreadPool  # noqa: E402

from mysmtp.contracts import MessageStore  # noqa: E402
from mysmtp.message import Envelope, Message, Trace  # noqa: E402
from mysmtp.signals import HubSignal  # noqa: E402
from mysmtp.store import open_store  # noqa: E402
from tests.durability.ledger import Fate, Ledger, Sent  # noqa: E402

_LARGE = 100_000  # octets: such a mail is encoded in a thread, which is one switch more


class Killer:
    """Kills a greenlet at its Nth switch to the hub."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.victim: Any = None

    def __call__(self, event: str, between: tuple[Any, Any]) -> None:
        origin, target = between
        if event == "switch" and origin is self.victim and target is gevent.get_hub() and self.left:
            self.left -= 1
            if not self.left:
                self.victim.kill(block=False)


def _deliver(store: MessageStore, ledger: Ledger, mail: Sent) -> None:
    message = Message(
        Envelope("alice@x", mail.mailboxes), mail.body, datetime.now(UTC), Trace("my_smtp", 1, "", "", "")
    )
    store.submit(mail.mailboxes, message, lambda _: None).wait()
    ledger.settle(mail, Fate.ACKNOWLEDGED)


def kill_at(folder: Path, number: int, size: int) -> bool | None:
    """Kill a delivery at this switch, then deliver another and judge.

    Returns whether it died of that: what it waits for may come first. None when it has no such switch.
    """
    ledger, killer = Ledger(), Killer(number)
    pool = ThreadPool(4)
    store = open_store(f"file:{folder}", offload=pool.apply, commit_offload=ThreadPool(1).apply, signal=HubSignal)
    killer.victim = gevent.Greenlet(_deliver, store, ledger, ledger.begin("a@x", "b@x", "c@x", size=size))
    greenlet.settrace(killer)
    killer.victim.start()
    killer.victim.join()
    greenlet.settrace(None)
    with gevent.Timeout(20):
        _deliver(store, ledger, ledger.begin("a@x", "b@x", "new@x"))
    store.close()
    ledger.check_files([folder])
    died = isinstance(killer.victim.value, gevent.GreenletExit)
    assert ledger.count(Fate.ACKNOWLEDGED) == (1 if died else 2)
    return None if killer.left else died


def main() -> None:
    """Say at how many switches a small and a large delivery died."""
    folder = Path(sys.argv[1])
    for size in (0, _LARGE):
        fates = (kill_at(folder / f"{size}-{number}", number, size) for number in itertools.count(1))
        print(sum(died for died in itertools.takewhile(lambda each: each is not None, fates) if died))


if __name__ == "__main__":
    main()
