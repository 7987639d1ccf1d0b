"""An error, or a greenlet's end, at each line of a delivery: the mail is wholly there or not at all, and it goes on.

In one process, without a server: the line is made to fail by Python's own tracing (after a way SQLite is tested).
"""

import itertools
import linecache
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import mysmtp
from mysmtp.contracts import MessageStore
from mysmtp.errors import StoreFailed
from mysmtp.message import Envelope, Message, Trace
from mysmtp.store import open_store
from tests.durability.ledger import Fate, Ledger, Sent

_PACKAGE = str(Path(mysmtp.__file__).parent)
_SHELL = {"commit.py", "offload.py"}


class Boom(Exception):
    """What can go wrong at any line, such as a lack of memory."""


class End(BaseException):
    """What is thrown into a greenlet to end it: no Exception."""


class Bomb:
    """A trace function that raises at the Nth line run below the function called `place`, once."""

    def __init__(self, place: str, number: int, what: type[BaseException]) -> None:
        self.left = number
        self._place = place
        self._what = what

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any] | None:
        return self._line if event == "call" and self.left > 0 and self._is_below(frame) else None

    def _line(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any]:
        # A `with` is traced again as it ends, before it has let go: no real error comes from there.
        if event == "line" and not linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip().startswith(
            "with "
        ):
            self.left -= 1
            if self.left == 0:
                raise self._what
        return self._line

    def _is_below(self, frame: FrameType | None) -> bool:
        if frame is None or not frame.f_code.co_filename.startswith(_PACKAGE):
            return False
        if Path(frame.f_code.co_filename).name in _SHELL:
            return False
        while frame is not None:
            if frame.f_code.co_name == self._place:
                return True
            frame = frame.f_back
        return False


def _deliver(store: MessageStore, mail: Sent) -> Fate:
    message = Message(
        Envelope("alice@x", mail.mailboxes), mail.body, datetime.now(UTC), Trace("my_smtp", 1, "", "", "")
    )
    try:
        store.submit(mail.mailboxes, message, lambda _: None).wait()
    except StoreFailed:
        return Fate.REFUSED
    except (Boom, End):
        return Fate.UNKNOWN  # whoever waited is gone, and told nobody
    return Fate.ACKNOWLEDGED


def _fails_at(folder: Path, ledger: Ledger, bomb: Bomb) -> bool:
    """Deliver under a bomb, then without; every mail has to be as it was told. Tell whether the bomb went off."""
    threading.settrace(bomb)
    store = open_store(f"file:{folder}")
    try:
        mail = ledger.begin("a@x", "b@x", f"new{len(ledger.sent)}@x")
        sys.settrace(bomb)
        try:
            fate = _deliver(store, mail)
            with suppress(Boom):
                store.mailboxes()  # writes the files, as filing does by itself a moment later
        finally:
            sys.settrace(None)
        ledger.settle(mail, fate)
        threading.settrace(None)
        went_off, bomb.left = bomb.left <= 0, 0
        store.mailboxes()  # a file that could not be written takes mail again once it can
        after = ledger.begin("a@x", "b@x")
        ledger.settle(after, _deliver(store, after))
        assert ledger.fates[after.number] is Fate.ACKNOWLEDGED
    finally:
        threading.settrace(None)
        store.close()
    open_store(f"file:{folder}").close()  # what went wrong after the journal had it is mended by a start
    ledger.check_files([folder])
    return went_off


@pytest.mark.parametrize(
    ("place", "what", "step"),
    [("submit", Boom, 9), ("submit", End, 9), ("append", Boom, 3), ("_lay", Boom, 1), ("_file", Boom, 5)],
)
def test_a_failure_at_each_line_leaves_no_half_mail(
    tmp_path: Path, place: str, what: type[BaseException], step: int
) -> None:
    """One line in `step` of the way from `submit` to the files; with steps of 1 every line, which takes a minute."""
    for number in itertools.count(1, step):
        if not _fails_at(tmp_path / str(number), Ledger(), Bomb(place, number, what)):
            break
    assert number > 4, "nothing was traced"
