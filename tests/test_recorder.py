"""The recorder: which sessions it keeps, and that its memory has a bound whatever clients do."""

from collections.abc import Callable
from datetime import UTC, datetime

from mysmtp.entry import Mail
from mysmtp.events import Bus, MessageStored, SessionClosed, SessionOpened
from mysmtp.recorder import CROWDED, Recorder

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def recorder(**settings: int) -> tuple[Bus, Recorder]:
    bus = Bus()
    return bus, Recorder(bus, clock=lambda: 5.0, moment=lambda: NOON, **settings)


def opened(bus: Bus, *sessions: int) -> None:
    for session in sessions:
        bus.publish(SessionOpened(session, "smtp", f"127.0.0.1:{session}"))


def closed(bus: Bus, *sessions: int) -> None:
    for session in sessions:
        bus.publish(SessionClosed(session, "done"))


def test_a_session_has_a_tape_from_its_opening_and_it_stays_when_it_is_closed() -> None:
    bus, kept = recorder()
    opened(bus, 1, 2)
    tape = kept.tape(1)
    assert tape is not None
    assert (tape.protocol, tape.peer, tape.began) == ("smtp", "127.0.0.1:1", NOON)
    closed(bus, 1)
    assert kept.tape(1) is None  # nobody writes on it any more
    assert kept.find(1) is tape
    assert tape.reason == "done"
    assert [each.session for each in kept.tapes()] == [2, 1]
    assert (kept.open, kept.opened) == (1, 2)


def test_a_mail_is_noted_on_the_tape_of_the_session_that_stored_it() -> None:
    bus, kept = recorder()
    opened(bus, 1)
    bus.publish(MessageStored(1, "bob@x", 4, 10))
    bus.publish(MessageStored(99, "bob@x", 5, 10))
    tape = kept.find(1)
    assert tape is not None
    tape.said(6.0, b"200 OK\n", since=5.5)
    tape.said(6.0, b"200 OK\n", since=5.5)
    assert [entry.mails for entry in tape.entries()] == [(Mail("bob@x", 4),), ()]


def test_the_oldest_that_ended_goes_first_and_none_that_is_open() -> None:
    bus, kept = recorder(kept=3)
    opened(bus, 1, 2, 3)
    closed(bus, 3, 2)
    opened(bus, 4)
    assert [tape.session for tape in kept.tapes()] == [4, 2, 1]
    opened(bus, 5, 6)
    assert [tape.session for tape in kept.tapes()] == [6, 5, 4, 1]


def test_nothing_is_recorded_where_none_is_to_be_kept() -> None:
    bus, kept = recorder(kept=0)
    opened(bus, 1)
    assert (kept.tape(1), kept.find(1), list(kept.tapes())) == (None, None, [])
    assert not bus.wanted


def test_memory_is_bounded_by_the_number_kept_however_many_are_open_and_whatever_they_say() -> None:
    bus, kept = recorder(kept=10, session_bytes=20_000)
    opened(bus, *range(100))
    for tape in kept.tapes():
        for _ in range(50):
            tape.heard(6.0, b"x" * 1000)
    at_once = sum(tape.size for tape in kept.tapes())
    # Lines that do not fit may be there besides: the newest is always kept.
    assert at_once <= 10 * 20_000 + 90 * CROWDED + 200 * 1200
    closed(bus, *range(100))
    assert len(kept.tapes()) == 10
    assert sum(tape.size for tape in kept.tapes()) <= 10 * 22_400


def test_the_version_changes_with_each_session_and_each_line() -> None:
    bus, kept = recorder()
    seen: list[object] = [kept.version]

    def look(do: Callable[[], None]) -> None:
        do()
        seen.append(kept.version)

    look(lambda: opened(bus, 1))
    tape = kept.tape(1)
    assert tape is not None
    look(lambda: tape.heard(6.0, b"HELO x\n"))
    look(lambda: closed(bus, 1))
    assert len(set(seen)) == 4
