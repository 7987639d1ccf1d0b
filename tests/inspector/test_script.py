"""What is exported of a session is read as the script that the client went by, whatever it was exported as."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.entry import PIECE_KEPT
from mysmtp.inspector import export
from mysmtp.inspector.crossings import Unplayable
from mysmtp.inspector.protocols import known
from mysmtp.inspector.script import Heard, Script, Secured, Send, filling, read
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.taped import lines, recorded, taped

KNOWN = known()
MAIL = [b"HELO x\r\n", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n", b"Hi\r\n", b".\r\nQUIT\r\n"]


def forms(tape: Tape) -> list[str]:
    """Return a session in all that can be taken along and played."""
    table = KNOWN[tape.protocol]
    return [json.dumps(export.as_json(tape)), export.conversation(tape, table), export.text(tape, table)]


def sends(script: Script) -> list[bytes]:
    return [step.octets for step in script.steps if isinstance(step, Send)]


def heard(script: Script) -> bytes:
    return b"".join(step.octets for step in script.steps if isinstance(step, Heard))


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        (SMTP, [*lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA"), b"Hi\r\n.\r\n", b"QUIT\r\n"]),
        (LMTP, [*lines("LHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA"), b"Hi\r\n\r\n.\r\n"]),
        (POP3, lines("USER b@x", "NOOP", "QUIT")),
        (MY_SMTP, lines("HELO x", "FOO \x1b[2J", "QUIT", end="\n")),
        (MY_SMTP, [b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x", b"DATA\nHi\nthere\n", b"QUIT"]),
        (MY_SMTP, [b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x", b"DATA", b"one", b"two", b".", b"QUIT"]),
    ],
)
def test_what_a_client_sent_at_once_is_one_step(form: int, dialect: Dialect, said: list[bytes]) -> None:
    tape = taped(dialect, *said)
    script = read(forms(tape)[form])
    assert (script.protocol, sends(script)) == (dialect.name, list(said))
    assert heard(script) == b"".join(entry.octets for entry in tape.entries() if entry.kind == "server")


def test_json_tells_apart_what_came_apart_and_when() -> None:
    script = read(forms(taped(SMTP, *MAIL, pause=2.0))[0])
    assert sends(script) == MAIL
    assert [step.gap for step in script.steps if isinstance(step, Send)] == [
        2.0,
        4.0,
        4.0,
        4.0,
    ]  # before and after each
    script = read(forms(taped(MY_SMTP, b"QU", b"IT\n", framing="lines"))[0])
    assert sends(script) == [b"QU", b"IT\n"]


def test_what_came_too_soon_is_sent_with_what_it_came_with() -> None:
    said = [*lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>"), b"DATA\r\nHi\r\n.\r\nQUIT\r\n"]
    assert sends(read(forms(taped(SMTP, *said))[0])) == said


def test_tls_stands_where_it_began() -> None:
    client, tape = recorded(SMTP, upgrades=True)
    client.dialog.greet()
    for line in lines("EHLO x", "STARTTLS"):
        client.clock.now += 1
        client.say(line)
    client.clock.now += 1
    client.dialog.upgraded("TLSv1.3 X")
    client.say(b"EHLO y\r\n")
    for form in forms(tape):
        script = read(form)
        assert [type(step) for step in script.steps] == [Heard, Send, Heard, Send, Heard, Secured, Send, Heard]
        assert not script.at_once


@pytest.mark.parametrize("form", [0, 1, 2])
def test_where_a_password_was_is_known(form: int) -> None:
    login = ["EHLO x", "AUTH PLAIN AGEAYg==", "AUTH LOGIN", "YQ==", "Yg==", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA"]
    tape = taped(SMTP, *lines(*login), b"****\r\nPASS ****\r\n.\r\n")
    unasked = [b"****\r\n"] * 2 if form == 0 else []  # a text cannot tell them from asterisks that were sent
    assert read(forms(tape)[form]).masked == [b"AUTH PLAIN ****\r\n", *unasked]
    tape = taped(SMTP, *lines("EHLO x", "AUTH LOGIN", "YQ==", "Yg=="))
    assert read(forms(tape)[form]).masked == [b"****\r\n", b"****\r\n"]
    tape = taped(POP3, b"USER a\r\nPASS b\r\n")
    assert read(forms(tape)[form]).masked == [b"PASS ****\r\n"]


@pytest.mark.parametrize("form", [0, 1, 2])
def test_what_was_not_kept_whole_is_not_played_in_part(form: int) -> None:
    tape = taped(SMTP, *lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA"), b"x\r\n" * PIECE_KEPT + b".\r\n")
    with pytest.raises(Unplayable, match=r"16,.* octets were not kept"):
        read(forms(tape)[form])
    script = read(forms(tape)[form], fill=True)
    assert len(sends(script)[-1]) == 3 * PIECE_KEPT + 3
    assert sends(script)[-1].endswith(b"\r\n.\r\n")
    assert sends(script)[-1].count(b"\r\n.\r\n") == 1


@pytest.mark.parametrize("pieces", [1, 3])
def test_what_is_put_into_a_command_that_was_too_long_leaves_it_one_line(pieces: int) -> None:
    line = b"NOOP " + b"q" * 29_993 + b"\r\n"
    tape = taped(SMTP, b"EHLO x\r\n", *[line[at : at + 30_000 // pieces] for at in range(0, 30_000, 30_000 // pieces)])
    played = b"".join(sends(read(forms(tape)[0], fill=True)))
    assert (len(played), played.count(b"\n")) == (len(b"EHLO x\r\n") + len(line), 2)


TO_SMTP = lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>")
IN_SEGMENTS = [b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x"]
LONG = b"q" * 20_000  # without a line end


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize(
    ("dialect", "said", "missing"),
    [
        (SMTP, [*TO_SMTP, b"BDAT 20000 LAST\r\n" + LONG, b"QUIT\r\n"], "11,808"),
        (SMTP, [*TO_SMTP, b"BDAT 20000\r\n" + LONG, b"BDAT 4 LAST\r\n.\r\nx", b"QUIT\r\n"], "11,808"),
        (SMTP, [*TO_SMTP, b"BDAT 20000 LAST\r\n" + LONG[:-5] + b"\r\nend", b"QUIT\r\n"], "11,808"),
        (SMTP, [*TO_SMTP, b"DATA\r\n", LONG], "11,808"),
        (SMTP, [*TO_SMTP, b"DATA\r\n", LONG + b"\r\n.\r\n", b"QUIT\r\n"], "11,813"),
        (MY_SMTP, [*IN_SEGMENTS, b"DATA " + LONG, b"QUIT"], "11,813"),
        (MY_SMTP, [*IN_SEGMENTS, b"DATA", LONG, b".", b"QUIT"], "11,809"),
        (SMTP, [b"EHLO x\r\n", LONG + b"\r\n", b"QUIT\r\n"], "[0-9,]+"),
        (POP3, [LONG + b"\r\n", b"QUIT\r\n"], "[0-9,]+"),
    ],
)
def test_what_is_missing_of_what_the_client_said_is_not_taken_for_a_reply(
    form: int, dialect: Dialect, said: list[bytes], missing: str
) -> None:
    with pytest.raises(Unplayable, match=f"^{missing} octets were not kept"):
        read(forms(taped(dialect, *said))[form])


@pytest.mark.parametrize("fill", [True, False])
@pytest.mark.parametrize("before", ["", r"C: DATA\r\n", r"S: +OK\r\n"])
@pytest.mark.parametrize("after", ["", r"S: .\r\n", r"C: .\r\n", r"C: x\r\n", r"C: .x\r\n"])
def test_what_follows_a_hole_is_its_end_only_if_the_same_side_said_it(before: str, after: str, fill: bool) -> None:
    """A text does not tell where what is left out ends: its last line may be told after it, if it was kept whole."""
    text = f"{before}\n# 90 octets are left out here\n{after}\nC: QUIT\\r\\n\n"
    if (before[:1], after, fill) == ("C", r"C: .\r\n", True) or (before[:1], after[:1]) == ("S", "S"):
        read(text, fill=fill)
    else:
        with pytest.raises(Unplayable, match=r"^90 octets were not kept"):
            read(text, fill=fill)


@pytest.mark.parametrize("form", [0, 1, 2])
def test_of_a_long_reply_the_rest_is_not_compared(form: int) -> None:
    client, tape = recorded(POP3)
    client.dialog.greet()
    client.say(b"CAPA\r\n")
    before = b"".join(entry.octets for entry in tape.entries() if entry.kind == "server")
    mail = b"+OK\r\n" + b"a\r\n" * PIECE_KEPT + b".\r\n"
    tape.said(1001.0, mail)
    recording = read(forms(tape)[form])
    last = recording.steps[-1]
    assert isinstance(last, Heard)
    whole = heard(recording)
    assert len(whole) == len(before + mail)
    other = mail[:PIECE_KEPT] + mail[PIECE_KEPT:-90].replace(b"a", b"b") + mail[-90:]
    ours = (before + other)[len(whole) - len(last.octets) :]
    assert last.against(ours) == ours
    for wrong in (ours[:-3] + b"x\r\n", ours[:10] + b"c" + ours[11:], ours[:-1]):
        assert last.against(wrong) != wrong


def test_a_tape_that_lost_its_beginning_is_not_played() -> None:
    client, tape = recorded(SMTP, tape_size=3000)
    for line in lines(*["NOOP"] * 90):
        client.say(line)
    assert tape.lost
    for form in forms(tape):
        with pytest.raises(Unplayable, match="first"):
            read(form)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no client"), ("S: 220 x", "no client"), ("HELO x\n", "line 1 is no line"), ("C: a\\q", "line 1"),
        ("{ printf .; } | swaks --to x", "a command of swaks"), ("# x\n{ printf .; } | swaks x", "a command of swaks"),
        ("{}", "not of one session"), ('{"entries": 1, "protocol": "smtp", "lost": 0}', "not of one session"),
        ('{"entries": [], "protocol": "smtp", "lost": 0}', "no client"), ("{" * 100_000, "not of one session"),
    ],
)  # fmt: skip
def test_what_is_no_session_is_told(text: str, words: str) -> None:
    with pytest.raises(Unplayable, match=words):
        read(text)


def test_a_text_made_by_hand_or_elsewhere() -> None:
    script = read("# a remark\r\n\r\nC: HELO x\\n\r\nS: 200 OK\\n\r\n")
    assert script == Script("my_smtp", (Send(b"HELO x\n"), Heard(b"200 OK\n")))


@settings(max_examples=60)
@given(st.text(alphabet=st.sampled_from('CST: #\n\\nr0{}[]"\x1b.5'), max_size=60), st.booleans())
def test_any_text_is_a_script_or_is_refused(text: str, fill: bool) -> None:
    for each in (text, f"C: a\n{text}", f'{{"entries": [{text}], "protocol": "smtp", "lost": 0}}'):
        try:
            read(each, fill=fill)
        except Unplayable:
            continue


@settings(max_examples=40)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5))
def test_entries_come_back_from_json_as_they_were(said: list[bytes]) -> None:
    tape = taped(SMTP, *said)
    for entry in tape.entries():
        told = export.entry_json(entry)
        assert export.entry_json(export.entry_of(json.loads(json.dumps(told)))) == told
        assert export.entry_of(told).octets == entry.octets


@given(st.integers(0, 300), st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"", b"a", b"a\r", b"a\r\n"]),
       st.sampled_from([b"", b"b\r\n.\r\n", b"\n.\r\n", b".\r\n"]))  # fmt: skip
def test_what_is_put_in_is_as_long_and_parts_no_line_end(count: int, end: bytes, before: bytes, after: bytes) -> None:
    put = filling(count, end, before, after)
    assert len(put) == count
    if count > 4 and end == b"\r\n":
        whole = (before + put + after).replace(b"\r\n", b"")
        assert b"\r" not in whole
        assert b"\n" not in whole
