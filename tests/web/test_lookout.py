"""Which sessions have something new, as the pages that show them are told."""

from mysmtp.events import Bus, SessionOpened
from mysmtp.recorder import Recorder
from mysmtp.web.lookout import Lookout


def sessions(*numbers: int) -> Recorder:
    bus = Bus()
    recorder = Recorder(bus, clock=lambda: 0.0)
    for number in numbers:
        bus.publish(SessionOpened(number, "my_smtp", "127.0.0.1:4"))
    return recorder


def say(recorder: Recorder, session: int, octets: bytes = b"HELO x\n") -> None:
    tape = recorder.find(session)
    assert tape is not None
    tape.heard(1.0, octets)


def test_a_session_is_told_of_when_something_is_said_in_it_and_the_list_with_each() -> None:
    recorder = sessions(1, 2)
    lookout = Lookout(recorder, gap=0.25)
    for session in (0, 1, 2):
        assert lookout.begin(session, 10.0)
    assert not lookout.changed([0, 1, 2], 11.0)
    say(recorder, 2)
    assert set(lookout.changed([0, 1, 2], 12.0)) == {0, 2}
    assert not lookout.changed([0, 1, 2], 13.0)


def test_it_is_told_of_at_most_once_in_a_while_and_nothing_is_kept_back_for_good() -> None:
    recorder = sessions(1)
    lookout = Lookout(recorder, gap=0.25)
    lookout.begin(1, 10.0)
    say(recorder, 1)
    assert lookout.changed([1], 11.0) == [1]
    say(recorder, 1)
    assert not lookout.changed([1], 11.2)
    assert lookout.changed([1], 11.25) == [1]


def test_what_is_said_between_the_first_look_and_the_next_is_told() -> None:
    recorder = sessions(1)
    lookout = Lookout(recorder, gap=0.25)
    lookout.begin(1, 10.0)
    say(recorder, 1)
    lookout.begin(1, 10.2)  # another page of it, which makes the first one neither miss this nor wait longer
    assert lookout.changed([1], 10.25) == [1]


def test_of_a_session_that_is_not_there_nothing_is_to_be_seen() -> None:
    lookout = Lookout(sessions(), gap=0.25)
    assert not lookout.begin(7, 10.0)
    assert not lookout.changed([7], 11.0)


def test_what_was_made_since_it_was_told_of_last_may_be_shown() -> None:
    recorder = sessions(1)
    lookout = Lookout(recorder, gap=0.25)
    assert lookout.told(1) is None
    lookout.begin(1, 10.0)
    assert lookout.told(1) == 10.0
    say(recorder, 1)
    lookout.changed([1], 11.0)
    assert lookout.told(1) == 11.0
    lookout.changed([1], 12.0)
    assert lookout.told(1) == 11.0
    lookout.begin(1, 13.0)  # who listens from now on has seen what there is
    assert lookout.told(1) == 13.0
    lookout.changed([], 14.0)
    assert lookout.told(1) is None
