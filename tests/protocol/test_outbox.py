"""Replies that are owed: mails of a pipeline go to the store together, replies keep their order and wait for the disk.

Expectations: docs/protocol.md (Lines and replies; `200` is sent only once the mail would survive a power cut).
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mysmtp.contracts import Deliverer, Receipt
from mysmtp.errors import ShuttingDown, StoreFailed
from mysmtp.events import Bus, CommandAnswered, Event, Refused, ReplySent
from mysmtp.message import Body, Envelope, Trace
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.outbox import MOST_OCTETS, MOST_OWED
from mysmtp.protocol.smtp import SMTP
from tests.protocol.conversation import Client, Clock

MAIL = b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@y\nDATA mail\n"
OK, STORED, FAILED = b"200 OK\n", b"200 Message stored successfully\n", b"500 Failed to store message\n"
ANSWERED = OK * 3 + STORED


@dataclass
class Ledger:
    """A Deliverer that writes down what is handed over and what is waited for; mails in `bad` come to nothing."""

    bad: dict[int, Exception] = field(default_factory=dict)
    refused: tuple[int, ...] = ()
    book: list[str] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)

    def deliver(self, envelope: Envelope, body: Body, trace: Trace) -> Receipt:
        self.traces.append(trace)
        number = len(self.traces)
        if number in self.refused:
            raise StoreFailed
        self.book.append(f"handed over {number}")
        return Page(number, self)

    def wait(self, number: int) -> None:
        self.book.append(f"waited for {number}")
        if number in self.bad:
            raise self.bad[number]


@dataclass
class Page:
    number: int
    ledger: Ledger

    def wait(self) -> None:
        self.ledger.wait(self.number)


def dialog(
    ledger: Deliverer, bus: Bus | None = None, clock: Callable[[], float] | None = None, dialect: Dialect = MY_SMTP
) -> Dialog:
    return Dialog(
        dialect, store=Client().store, deliverer=ledger, clock=clock or Clock(), bus=bus or Bus(), session_id=7,
        peer="127.0.0.1:4", max_message_size=10 * MOST_OCTETS, fixed_to_lines=clock is None,
    )  # fmt: skip


def test_the_mails_of_a_pipeline_are_handed_over_before_one_is_waited_for() -> None:
    ledger = Ledger()
    assert b"".join(dialog(ledger).receive(MAIL * 3)) == ANSWERED * 3
    assert ledger.book == [f"{step} {number}" for step in ("handed over", "waited for") for number in (1, 2, 3)]


def test_a_long_pipeline_lets_others_run_and_still_waits_once() -> None:
    ledger = Ledger()
    pieces = iter(dialog(ledger).receive(MAIL * 40))
    sent = next(pieces)
    assert len(sent) < len(ANSWERED)
    assert "waited for 1" not in ledger.book
    assert b"".join([sent, *pieces]) == ANSWERED * 40
    assert ledger.book.index("waited for 1") == 40


def test_nothing_is_sent_that_is_not_true_yet() -> None:
    ledger = Ledger()
    out = b""
    for piece in dialog(ledger).receive(MAIL * 30):
        out += piece
        assert out.count(STORED) <= sum(line.startswith("waited") for line in ledger.book)
    assert out == ANSWERED * 30


def test_a_mail_that_failed_is_told_in_its_place() -> None:
    ledger = Ledger(bad={2: StoreFailed(), 3: RuntimeError("out of ink")})
    talk = dialog(ledger)
    expected = ANSWERED + (OK * 3 + FAILED) * 2 + ANSWERED + OK
    assert b"".join(talk.receive(MAIL * 4 + b"HELO x\n")) == expected
    assert talk.state == "greeted"


def test_a_mail_refused_at_once_does_not_overtake_those_that_are_owed() -> None:
    ledger = Ledger(refused=(2,))
    assert b"".join(dialog(ledger).receive(MAIL * 3)) == ANSWERED + OK * 3 + FAILED + ANSWERED
    assert ledger.book[:2] == ["handed over 1", "handed over 3"]


def test_the_path_takes_what_is_owed_for_stored_and_is_put_right_afterwards() -> None:
    ledger = Ledger(bad={1: StoreFailed()})
    talk = dialog(ledger)
    for _ in talk.receive(MAIL * 2):
        pass
    for _ in talk.receive(MAIL):
        pass
    assert [trace.shape for trace in ledger.traces] == ["1230", "12301230", "123X12301230"]


def test_the_bus_hears_of_commands_and_replies_in_their_order_when_they_are_certain() -> None:
    bus, ledger = Bus(), Ledger(bad={1: StoreFailed()})
    bus.attach(lambda event: ledger.book.append(f"{event.verb} {event.code}"), CommandAnswered)  # type: ignore[attr-defined]
    bus.attach(lambda event: ledger.book.append(event.octets.decode()), ReplySent)  # type: ignore[attr-defined]
    for _ in dialog(ledger, bus).receive(MAIL + b"HELO x\nNONSENSE\n"):
        pass
    assert ledger.book[6:] == [
        "handed over 1", "waited for 1", "DATA 500", FAILED.decode(), "HELO 200", OK.decode(),
        " 400", "400 Unknown command\n",
    ]  # fmt: skip


def test_the_bus_hears_of_each_reply_that_says_no() -> None:
    ledger, bus, heard = Ledger(bad={2: StoreFailed()}), Bus(), list[Event]()
    bus.attach(heard.append, Refused)
    talk = dialog(ledger, bus)
    for _ in talk.receive(b"LIST x\n" + MAIL * 2 + b"NONSENSE\n"):
        pass
    talk.farewell(ShuttingDown())
    assert heard == [
        Refused(7, 403, failed=False),
        Refused(7, 500, failed=True),
        Refused(7, 400, failed=False),
        Refused(7, 500, failed=True),
    ]


@pytest.mark.parametrize("looks", [b"LIST b@y\n", b"GET_MAIL b@y 1\n"])
def test_a_command_that_looks_at_the_store_waits_first(looks: bytes) -> None:
    ledger = Ledger()
    for _ in dialog(ledger).receive(MAIL + looks + MAIL):
        pass
    assert ledger.book == ["handed over 1", "waited for 1", "handed over 2", "waited for 2"]


def test_list_behind_a_mail_in_the_same_pipeline_sees_it() -> None:
    client = Client()
    assert b"\n1: Email from a@x (" in client.say(MAIL + b"LIST b@y\n")


def test_quit_behind_a_mail_closes_when_the_mail_is_certain() -> None:
    ledger = Ledger()
    talk = dialog(ledger)
    assert b"".join(talk.receive(MAIL + b"QUIT\nHELO x\n")) == ANSWERED + b"200 Goodbye\n"
    assert ledger.book[-1] == "waited for 1"
    assert talk.closing


def test_at_most_so_many_are_owed() -> None:
    ledger = Ledger()
    for _ in dialog(ledger).receive(MAIL * (MOST_OWED + 1)):
        pass
    assert ledger.book.index("waited for 1") == MOST_OWED
    assert len(ledger.book) == 2 * (MOST_OWED + 1)


def test_at_most_so_many_octets_are_owed() -> None:
    ledger = Ledger()
    head = b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@y\nDATA\n"
    large = head + b"x" * (MOST_OCTETS // 2) + b"\n.\n"
    for _ in dialog(ledger).receive(large * 3):
        pass
    assert ledger.book[:3] == ["handed over 1", "handed over 2", "waited for 1"]


def test_refusals_behind_a_mail_do_not_pile_up_without_end() -> None:
    ledger = Ledger()
    pieces = list(dialog(ledger).receive(MAIL + b"\n" * 5000))
    told = next(at for at, piece in enumerate(pieces) if STORED in piece)
    assert 5 < told < 30 < len(pieces)


def test_in_segments_each_mail_is_waited_for_by_itself() -> None:
    clock = Clock()
    ledger = Ledger()
    talk = dialog(ledger, clock=clock)
    list(talk.receive(b"HELO x"))
    clock.now += 0.3
    assert b"".join(talk.silence()) == b"200 OK"
    for command in (b"MAIL FROM: a@x", b"RCPT TO: b@y"):
        assert b"".join(talk.receive(command)) == b"200 OK"
    assert b"".join(talk.receive(b"DATA mail")) == b"200 Message stored successfully"
    assert ledger.book == ["handed over 1", "waited for 1"]


def test_a_farewell_comes_after_what_is_owed() -> None:
    ledger = Ledger()
    talk = dialog(ledger)
    next(iter(talk.receive(MAIL * 20)))
    said = talk.farewell(ShuttingDown())
    assert said.endswith(b"500 Server shutting down\n")
    handed, waited = (sum(line.startswith(step) for line in ledger.book) for step in ("handed", "waited"))
    assert handed == waited == said.count(STORED) > 1


class Weighing:
    """A Deliverer that keeps nothing, and weighs what others keep while it is waited for."""

    octets = -1

    def deliver(self, _envelope: Envelope, _body: Body, _trace: Trace) -> Receipt:
        return self

    def wait(self) -> None:
        self.octets = tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize(("dialect", "end"), [(SMTP, b"\r\n"), (MY_SMTP, b"\n")])
def test_a_large_mail_is_in_the_store_alone_while_the_disk_is_waited_for(dialect: Dialect, end: bytes) -> None:
    scales = Weighing()
    talk = dialog(scales, dialect=dialect)
    for line in (b"HELO x", b"MAIL FROM:<a@x>", b"RCPT TO:<b@y>", b"DATA"):
        list(talk.receive(line + end))
    piece = (b"x" * 70 + end) * 1000
    tracemalloc.start()
    try:
        for _ in range(MOST_OCTETS // len(piece) + 1):
            list(talk.receive(piece))
        assert b"".join(talk.receive(b"." + end)).startswith(b"2")
    finally:
        tracemalloc.stop()
    assert 0 < scales.octets < MOST_OCTETS // 2
