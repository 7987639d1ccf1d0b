"""A tape studied while it is written shows what it shows when it is read at once."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import PIECE_KEPT
from mysmtp.inspector.lines import Line, lines_from
from mysmtp.inspector.protocols import Known
from mysmtp.inspector.study import Study, first_state
from mysmtp.inspector.walk import walk_of
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.conversation import cut
from tests.protocol.taped import recorded

MAILS = {
    MY_SMTP.name: (MY_SMTP, b"RCPT TO: b@x\nHELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\none\ntwo\n.\n"),
    SMTP.name: (SMTP, b"EHLO x\r\nMAIL FROM:<a@x>\r\nDATA\r\nRCPT TO:<b@x>\r\nDATA\r\nS: x\r\n\r\none\r\n.\r\n"),
}


def whole(tape: Tape, dialect: Dialect) -> Sequence[Line]:
    entries = tape.entries()
    return lines_from(entries, first_state(entries, Known(dialect)))


@pytest.mark.parametrize("name", MAILS)
@settings(max_examples=40)
@given(st.lists(st.integers(0, 500), max_size=12))
def test_whatever_the_pieces_the_same_is_seen_as_at_once(name: str, places: list[int]) -> None:
    dialect, mail = MAILS[name]
    client, tape = recorded(dialect)
    client.dialog.greet()
    study = Study(Known(dialect))
    for piece in cut(mail * 3, places):
        client.clock.now += 1
        client.say(piece)
        study.read(tape)
        assert study.entries == tape.entries()
        assert list(study.lines) == list(whole(tape, dialect))
        assert study.walk == walk_of(tape.entries(), study.known)


def test_a_message_that_grows_beyond_what_is_kept_is_seen_as_it_is() -> None:
    client, tape = recorded(SMTP)
    client.dialog.greet()
    study = Study(Known(SMTP))
    client.say(b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\n")
    client.say(b"DATA\r\n")
    for _ in range(4):
        client.say(b"x" * 70 + b"\r\n" + b"y" * PIECE_KEPT + b"\r\n")
        assert list(study.read(tape).lines) == list(whole(tape, SMTP))
    client.say(b".\r\n")
    assert list(study.read(tape).lines) == list(whole(tape, SMTP))


@pytest.mark.parametrize("every", [1, 7, 1000])
def test_what_the_tape_lets_go_is_let_go(every: int) -> None:
    client, tape = recorded(MY_SMTP, tape_size=6000)
    client.dialog.greet()
    study = Study(Known(MY_SMTP))
    for number in range(60):
        client.clock.now += 1
        client.say(b"RCPT TO: b@x\nHELO x%d\nMAIL FROM: a@x\n" % number)
        if number % every == 0:
            study.read(tape)
    assert tape.lost
    assert study.read(tape).entries == tape.entries()
    assert [line._replace(gap=0.0) for line in study.lines] == [line._replace(gap=0.0) for line in whole(tape, MY_SMTP)]
    again = walk_of(tape.entries(), study.known)
    assert (study.walk.steps, study.walk.refusals, study.walk.state) == (again.steps, again.refusals, again.state)
    assert all(tape.lost < number <= tape.last for number in study.walk.entered.values())
