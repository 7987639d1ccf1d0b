"""What can be taken along: text, JSON, a conversation that plays again, a swaks command that sends the same mail."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable

import pytest

from mysmtp.entry import PIECE_KEPT
from mysmtp.inspector import export
from mysmtp.inspector.export import Server
from mysmtp.inspector.mails import mails_of
from mysmtp.inspector.protocols import known
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.reaching import pages_of
from mysmtp.tape import Tape
from mysmtp.wire import unspelled
from tests.process import PostOfficeProcess
from tests.protocol.taped import lines, recorded, taped

KNOWN = known()
SERVER = Server("127.0.0.1", 25)
BODY = "Subject: é\r\n\r\n.hidden\r\n\tHello 'Bob' %s \\n\r\nEND\r\n".encode()
STUFFED = BODY.replace(b"\r\n.", b"\r\n..") + b".\r\n"
SESSION = [*lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<bob@x>", "RCPT TO:<carol@x>", "DATA"), STUFFED, b"QUIT\r\n"]


def conversation(tape: Tape) -> str:
    return export.conversation(tape, KNOWN[tape.protocol])


def test_the_conversation_plays_again_and_gives_the_same() -> None:
    first = conversation(taped(SMTP, *SESSION))
    client, tape = recorded(SMTP)
    answered = bytes(client.dialog.greet())
    expected = b""
    for line in first.splitlines():
        if line.startswith("C: "):
            answered += client.say(unspelled(line[3:]))
        else:
            expected += unspelled(line[3:])
    assert answered == expected
    assert conversation(tape) == first


def test_text_tells_the_facts_each_line_with_its_time_and_why_it_was_refused() -> None:
    tape = taped(MY_SMTP, *lines("RCPT TO: b@x", "HELO \x1b[2J", end="\n"), framing="lines")
    assert export.text(tape, KNOWN["my_smtp"]).splitlines() == [
        "# Session 1: My_SMTP, lines",
        "# From 127.0.0.1:4, began 2026-11-27T12:00:00.000Z",
        "# 23 octets came, 78 went; 0 mails stored, 2 commands refused",
        r"     1.000  C: RCPT TO: b@x\n",
        r"     1.000  S: 403 Send HELO first\n",
        "            #  Too early. RCPT TO needs state 2, sender known; this session is in state 0, initial."
        " (docs/protocol.md, Replies) Next: HELO <domain>",
        r"     3.000  C: HELO \x1b[2J\n",
        r"     3.000  S: 400 Invalid syntax: a command holds no control characters\n",
        "            #  Wrong syntax. A command holds no control characters."
        " (docs/protocol.md, Commands) Next: HELO <domain>",
        "# Ended after 4.000 s: client closed",
    ]


def test_what_is_advised_is_what_this_session_can_do() -> None:
    """BODY=BINARYMIME goes by BDAT only (RFC 3030, section 3)."""
    said = lines("EHLO x", "FOO", "MAIL FROM:<a@x> BODY=BINARYMIME", "RCPT TO:<b@x>", "FOO", "EXPN b", "DATA")
    told = export.text(taped(SMTP, *said), KNOWN["smtp"])
    assert [line.partition(") ")[2] for line in told.splitlines() if " #  " in line] == [
        "To go on: MAIL FROM:<email>", "To go on: BDAT <octets> LAST", "To go on: BDAT <octets> LAST",
        "Next: BDAT <octets> LAST",
    ]  # fmt: skip


def test_json_holds_every_octet_and_what_was_made_of_it() -> None:
    tape = taped(SMTP, *SESSION)
    told = json.loads(json.dumps(export.as_json(tape)))
    assert (told["session"], told["protocol"], told["mails"], told["last"]) == (1, "smtp", 1, tape.last)
    octets = {"client": b"", "body": b"", "server": b""}
    for entry in told["entries"]:
        octets[entry["kind"]] += b"".join(unspelled(line) for line in entry["wire"])
    assert octets["body"] == STUFFED
    assert octets["server"].startswith(b"220 ")
    stored = next(entry for entry in told["entries"] if "mails" in entry)
    assert stored["mails"] == [{"mailbox": "bob@x", "id": 1}, {"mailbox": "carol@x", "id": 1}]
    assert [stored["before"], stored["after"], stored["mark"]] == ["recipient known", "greeted", ""]
    assert export.as_json(tape, 4)["entries"][0]["number"] == 4


def test_a_password_is_in_none_of_them() -> None:
    tape = taped(POP3, *lines("USER bob@x", "PASS hunter2", "QUIT"))
    every = [export.text(tape, KNOWN["pop3"]), json.dumps(export.as_json(tape)), conversation(tape)]
    assert not any("hunter2" in each for each in every)
    assert all("PASS ****" in each for each in every)


@pytest.mark.parametrize(
    ("dialect", "said", "content"),
    [
        (SMTP, SESSION, BODY),
        (SMTP, [*SESSION[:4], b"BDAT 4\r\nhi\r\n", b"BDAT 3 LAST\r\n.\r\n"], b"hi\r\n.\r\n"),
        (LMTP, [b"LHLO x\r\n", *SESSION[1:]], BODY),
        (SMTP, [b"EHLO x\r\n", b"".join(SESSION[1:5]), STUFFED], BODY),
        (MY_SMTP, [b"HELO x\nMAIL FROM: a@x\nRCPT TO: bob@x\nRCPT TO: carol@x\nDATA\n", STUFFED], BODY),
        (MY_SMTP, [b"HELO x\nMAIL FROM: a@x\nRCPT TO: bob@x\nRCPT TO: carol@x\nDATA .hi\n"], b".hi\n"),
        (MY_SMTP, [b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: bob@x", b"RCPT TO: carol@x", b"DATA\nhi\n"], b"hi\n"),
    ],
)  # fmt: skip
def test_the_mails_of_a_session_are_found_with_their_envelopes(
    dialect: object, said: list[bytes], content: bytes
) -> None:
    (sent,) = mails_of(taped(dialect, *said).entries())  # type: ignore[arg-type]
    assert (sent.helo, sent.sender, sent.recipients) == ("x", "a@x", ("bob@x", "carol@x"))
    assert sent.content == content
    assert sent.stored


def test_what_was_refused_or_dropped_is_no_part_of_a_mail() -> None:
    said = lines(
        "EHLO x", "EHLO", "MAIL FROM:<z@x>", "RCPT TO:<z@x>", "RSET", "MAIL FROM:<a@x>", "RCPT TO:<no@x> FOO=1",
        "RCPT TO:<b@x>", "RCPT TO:<b@x>", "DATA", "hi", ".",
    )  # fmt: skip
    (sent,) = mails_of(taped(SMTP, *said).entries())
    assert (sent.helo, sent.sender, sent.recipients, sent.content) == ("x", "a@x", ("b@x",), b"hi\r\n")


def test_a_mail_that_was_not_stored_can_be_sent_again() -> None:
    client, tape = recorded(SMTP, limit=5)
    for said in lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA", "too large", "."):
        client.say(said)
    (sent,) = mails_of(tape.entries())
    assert (sent.stored, sent.content) == (False, b"too large\r\n")


def test_swaks_speaks_as_the_client_did() -> None:
    mail = [*lines("MAIL FROM:<>", "RCPT TO:<b@x>", "DATA"), b"hi\r\n.\r\n"]
    local = export.swaks(taped(LMTP, b"LHLO x\r\n", *mail), Server("127.0.0.1", 24))
    assert "swaks --server 127.0.0.1 --port 24 --protocol LMTP --helo x --from '<>' --to b@x " in local
    tape = taped(SMTP, b"EHLO x\r\n", *mail)
    assert "swaks --server 127.0.0.1 --port 25 --helo x " in export.swaks(tape, SERVER)
    tape.tls = "TLSv1.3 X"
    assert "swaks --server 127.0.0.1 --port 25 --tls --helo x " in export.swaks(tape, SERVER)


def test_an_address_is_whole_though_what_is_quoted_in_it_holds_a_space_or_the_end_of_a_path() -> None:
    said = [*lines("EHLO x", r'MAIL FROM:<"a> \"b"@x>', 'RCPT TO:<"c d"@x>', "DATA"), b"hi\r\n.\r\n"]
    (sent,) = mails_of(taped(SMTP, *said).entries())
    assert (sent.sender, sent.recipients) == (r'"a> \"b"@x', ('"c d"@x',))


def test_who_was_logged_in_is_told_with_the_swaks_command() -> None:
    tape = taped(SMTP, *SESSION)
    assert "logged in" not in export.swaks(tape, SERVER)
    tape.answered_login("ann\x1b\n", taken=True)
    assert export.swaks(tape, SERVER).startswith(r"# It was sent logged in as ann\x1b\x0a; where")


def test_what_was_not_kept_whole_is_not_offered_to_be_sent() -> None:
    tape = taped(SMTP, *SESSION[:5], b"x\r\n" * PIECE_KEPT + b".\r\n")
    assert "was not kept whole" in export.swaks(tape, SERVER)
    assert "octets are left out here" in conversation(tape)
    assert export.swaks(taped(POP3, b"QUIT\r\n"), SERVER) == "# This session sent no mail.\n"


@pytest.mark.parametrize("content", [[b"DATA\r\n", b".\r\n"], [b"BDAT 0 LAST\r\n"]])
def test_a_mail_without_an_octet_is_not_offered_to_be_sent(content: list[bytes]) -> None:
    """Data without a line end is to swaks the name of a file, and data that is empty is a letter of its own."""
    told = export.swaks(taped(SMTP, *SESSION[:4], *content), SERVER)
    assert re.fullmatch(
        r"# The mail at entry \d+ is empty, and swaks takes a lone dot for a file; it cannot be sent again\.\n", told
    )


@pytest.mark.parametrize("protocol", ["smtp", "my_smtp"])
def test_swaks_sends_the_same_mail_again(office: PostOfficeProcess, protocol: str) -> None:
    if shutil.which("swaks") is None:
        pytest.skip("no swaks on this machine (Debian: apt install swaks)")
    dialect, said = (SMTP, SESSION) if protocol == "smtp" else (
        MY_SMTP, [b"HELO x\nMAIL FROM: a@x\nRCPT TO: bob@x\nRCPT TO: carol@x\nDATA plain text, 100 %\n"]
    )  # fmt: skip
    command = export.swaks(taped(dialect, *said), Server(*office.doors["smtp"]))
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=30)
    assert done.returncode == 0, done.stdout
    expected = BODY if protocol == "smtp" else b"plain text, 100 %\r\n"
    with office.connect() as peer:
        peer.ask("HELO x", "GET_MAIL carol@x 1")
        assert peer.line().startswith(b"From: a@x")
        peer.line()
        assert peer.body().replace(b"\n..", b"\n.") == expected


@pytest.mark.parametrize(
    ("hello", "sender", "recipients", "told"),
    [
        ("--pipe=touch", "a@x", ["b@x"], ["call itself --pipe=touch"]),
        ("x", "a@x", ["--pipe=touch@x", "b@x"], ["send to --pipe=touch@x"]),
        ("x", "a@x", ["--pipe=touch@x"], ["send to --pipe=touch@x"]),
        ("x", "-p@x", ["b@x"], ["send from -p@x"]),
    ],
)
def test_nothing_that_a_client_said_becomes_an_option_of_swaks(
    hello: str, sender: str, recipients: list[str], told: list[str]
) -> None:
    """--pipe runs a program. Even after --helo or --helo= swaks takes for an option what looks like one."""
    to = [f"RCPT TO:<{each}>" for each in recipients]
    said = [*lines(f"EHLO {hello}", f"MAIL FROM:<{sender}>", *to, "DATA"), b"hi\r\n.\r\n"]
    *remarks, command = export.swaks(taped(SMTP, *said), SERVER).partition("{")
    assert [words in remarks[0] for words in told] == [True]
    assert "pipe" not in command
    assert "-p@x" not in command
    assert command == "" or "--to b@x" in command
    if not command:
        assert remarks[0].endswith("; it cannot be sent again.\n")


def test_swaks_says_names_that_a_shell_would_not_leave_alone(office: PostOfficeProcess) -> None:
    if shutil.which("swaks") is None:
        pytest.skip("no swaks on this machine (Debian: apt install swaks)")
    said = [
        *lines("EHLO [127.0.0.1]", 'MAIL FROM:<"a> b"@x>', r'RCPT TO:<"\"-- $(c) `d`"@x>', "DATA"), b"hi\r\n.\r\n",
    ]  # fmt: skip
    command = export.swaks(taped(SMTP, *said), Server(*office.doors["smtp"]))
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=30)
    sent = [line.removeprefix(b" -> ") + b"\r\n" for line in done.stdout.splitlines() if line.startswith(b" -> ")]
    assert sent[:3] == said[:3]
    assert done.returncode == 0


def test_whom_swaks_cannot_name_is_told_and_left_out(office: PostOfficeProcess) -> None:
    """It parts --to at every comma, in quotes too, and has no way to write one otherwise."""
    body = [b"DATA\r\n", b"hi\r\n.\r\n"]
    odd, plain = 'RCPT TO:<"smith, j"@x>', "RCPT TO:<bob@x>"
    alone = export.swaks(taped(SMTP, *lines("EHLO x", "MAIL FROM:<a@x>", odd), *body), Server(*office.doors["smtp"]))
    assert alone == (
        '# swaks parts recipients at every comma, so it cannot send to "smith, j"@x\n'
        "# The mail at entry 11 has no other recipient; it cannot be sent again.\n"
    )
    among = export.swaks(
        taped(SMTP, *lines("EHLO x", "MAIL FROM:<a@x>", odd, plain), *body), Server(*office.doors["smtp"])
    )
    told, command = among.split("\n", 1)
    assert told == '# swaks parts recipients at every comma, so it cannot send to "smith, j"@x'
    assert "smith" not in command
    if shutil.which("swaks") is None:
        pytest.skip("no swaks on this machine (Debian: apt install swaks)")
    done = subprocess.run(["sh", "-c", among], capture_output=True, timeout=30)
    assert [line for line in done.stdout.splitlines() if b"RCPT" in line] == [b" -> RCPT TO:<bob@x>"]
    assert done.returncode == 0


def test_an_address_that_swaks_would_have_refused_is_told() -> None:
    """It says no SMTPUTF8, which such an address needs (RFC 6531, section 3.4)."""
    said = [*lines("EHLO x", "MAIL FROM:<é@x> SMTPUTF8", "RCPT TO:<b@x>", "DATA"), b"hi\r\n.\r\n"]
    assert export.swaks(taped(SMTP, *said), SERVER).startswith(
        "# swaks says no SMTPUTF8, so a server refuses the addresses here that are not ASCII\n"
    )


def test_what_swaks_said_it_says_again_by_its_command(office: PostOfficeProcess) -> None:
    if shutil.which("swaks") is None:
        pytest.skip("no swaks on this machine (Debian: apt install swaks)")
    words = ["swaks", "--server", f"127.0.0.1:{office.doors['smtp'][1]}", "--helo", "x", "--from", "a@x"]
    subprocess.run([*words, "--to", "b@x,c@x", "--body", "hi\n.\n..dot"], check=True, capture_output=True, timeout=30)
    said = newest(office, "wire")
    assert subprocess.run(["sh", "-c", newest(office, "swaks")], capture_output=True, timeout=30).returncode == 0
    assert newest(office, "wire") == said
    assert said.count("C: ") > 12


def newest(office: PostOfficeProcess, form: str) -> str:
    """Return the newest session as it is taken along in this form."""
    number = pages_of(office.url, office.mailbox).ask("/sessions.json")["sessions"][0]["session"]
    with urllib.request.urlopen(f"{office.url}/sessions/{number}.{form}", timeout=30) as answer:
        return bytes(answer.read()).decode()


def test_swaks_sends_a_mail_again_inside_tls_where_smtp_is_there_only(
    start: Callable[..., PostOfficeProcess],
) -> None:
    if shutil.which("swaks") is None or subprocess.run(["perl", "-MNet::SSLeay", "-e", "1"]).returncode:
        pytest.skip("no swaks with TLS on this machine (Debian: apt install swaks libnet-ssleay-perl)")
    office = start("--smtp-port", "off", "--tls", "auto", "--smtps-port", "0")
    with office.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: b@x", "DATA hi", "QUIT")
    done = subprocess.run(["sh", "-c", newest(office, "swaks")], capture_output=True, timeout=30)
    assert done.returncode == 0, done.stdout
    assert "C: hi\\r\\n\nC: .\\r\\n" in newest(office, "wire")
