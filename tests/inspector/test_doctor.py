"""The dialect doctor: each rule with a client that breaks it, and none with clients that do as they should."""

import smtplib
from collections.abc import Iterable

import pytest

from mysmtp.inspector.case import Case, Finding
from mysmtp.inspector.doctor import RULES, examine
from mysmtp.inspector.protocols import known
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from mysmtp.tape import Tape
from tests.protocol.taped import lines, taped

KNOWN = known()
GREETED = lines("HELO x", "MAIL FROM: a@x", "RCPT TO: b@x", end="\n")
MAIL = lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA")

BROKEN: dict[str, list[tuple[Dialect, list[bytes]]]] = {
    "no-newline": [(MY_SMTP, [b"HELO x", b"MAIL FROM: a@x"]), (SMTP, [b"EHLO x\r\n", b"QUIT"])],
    "bare-lf": [
        (SMTP, [b"EHLO x\n"]),
        (POP3, [b"USER bob@x\n"]),
        (SMTP, [*MAIL, b"one\ntwo\r\n.\r\n"]),
    ],
    "nul": [(MY_SMTP, [b"HELO x\0\n"]), (SMTP, [*MAIL, b"a\0b\r\n.\r\n"])],
    "space-before-colon": [
        (MY_SMTP, [b"HELO x\n", b"MAIL FROM : a@x\n"]),
        (SMTP, [b"EHLO x\r\n", b"MAIL FROM :<a@x>\r\n"]),
    ],
    "space-after-colon": [(SMTP, [b"EHLO x\r\n", b"MAIL FROM: <a@x>\r\n"])],
    "no-brackets": [(SMTP, [*lines("EHLO x", "MAIL FROM:a@x")]), (LMTP, [*lines("LHLO x", "rcpt to: b@x A=B")])],
    "data-before-rcpt": [(MY_SMTP, [b"HELO x\n", b"DATA\n"]), (SMTP, [*lines("EHLO x", "MAIL FROM:<a@x>", "DATA")])],
    "no-dot": [(MY_SMTP, [*GREETED, b"DATA\n", b"Hello\n"]), (SMTP, [*MAIL, b"Hello\r\n"])],
    "body-with-command": [
        (MY_SMTP, [b"HELO x\n", b"DATA\nHello\n.\n"]),  # refused, so Hello is a command
        (SMTP, [*list(MAIL)[:3], b"DATA\r\nHello\r\n.\r\n"]),
        (MY_SMTP, [b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x", b"DATA\nHello\n"]),
        (MY_SMTP, [b"HELO x", b"MAIL FROM: a@x", b"RCPT TO: b@x", b" data \r\nHello\n"]),
    ],
    "not-waiting": [
        (SMTP, [b"EHLO x\r\nMAIL FROM:<a@x>\r\n"]),
        (LMTP, [b"LHLO x\r\n", b"NOOP\r\nQUIT\r\n"]),
        (MY_SMTP, [b"HELO x\n", b"MAIL FROM: a@y\nRCPT TO: b@x\nDATA\n"]),
    ],
    "goes-on": [
        (MY_SMTP, [b"HELO x\n", b"MAIL FROM: a@y\n", b"RCPT TO: b@x\n"]),
        (MY_SMTP, [b"HELO x\n", b"MAIL FROM: a@y\n", b"DATA\n"]),
        (SMTP, [*lines("EHLO", "MAIL FROM:<a@x>")]),
        (POP3, [*lines("APOP b c4c9334bac560ecc979e58001b3e22fb", "STAT")]),
        (POP3, [*lines("AUTH PLAIN", "LIST")]),
    ],
    "other-protocol": [
        (MY_SMTP, [b"EHLO x\n", b"HELO x\n"]), (SMTP, [b"USER bob\r\n"]), (LMTP, [b"HELO x\r\n"]),
        (POP3, [b"EHLO x\r\n"]),
    ],
    "foreign": [(SMTP, [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]), (MY_SMTP, [b"GET / HTTP/1.1\n"])],
}  # fmt: skip


def found(dialect: Dialect, tape: Tape) -> dict[str, Finding]:
    case = Case(KNOWN[dialect.name], tape.entries(), ended=tape.ended is not None, reading=tape.reading)
    return {finding.rule: finding for finding in examine(case)}


@pytest.mark.parametrize(("rule", "at"), [(rule, at) for rule, cases in BROKEN.items() for at in range(len(cases))])
def test_what_a_broken_client_does_is_found_and_told(rule: str, at: int) -> None:
    dialect, said = BROKEN[rule][at]
    tape = taped(dialect, *said)
    finding = found(dialect, tape)[rule]
    assert 1 <= finding.number <= tape.last
    for words in (finding.what, finding.why, finding.mend):
        assert words[0].isupper()
        assert words[-1] in ".>)"
    assert finding.times >= 1


def test_every_rule_has_its_broken_client() -> None:
    assert {rule.__name__.replace("_", "-") for rule in RULES} == set(BROKEN)


HEALTHY: list[tuple[Dialect, list[bytes]]] = [
    (MY_SMTP, [*GREETED, b"DATA\n", b"Hello\n.\n", b"LIST b@x\n", b"QUIT\n"]),
    (MY_SMTP, [b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA hello\n", b"QUIT\n"]),  # a pipeline is allowed
    (MY_SMTP, [*GREETED, b"DATA\nHello\n.\n"]),  # the message of one as well
    (MY_SMTP, [b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\nHello\n.\nQUIT\n"]),
    (MY_SMTP, [*GREETED, b"DATA\n", b"HELO x\n.\n"]),
    (MY_SMTP, [b"HELO x\r\n", b"LIST nobody@x\r\n", b"QUIT\r\n"]),
    (SMTP, [b"EHLO x\r\n", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n", b"a: b\r\n\r\n..\r\n.\r\n", b"QUIT\r\n"]),
    (SMTP, [*lines("EHLO x", "MAIL FROM:<a@x> BODY=BINARYMIME", "RCPT TO:<b@x>"), b"BDAT 4 LAST\r\n\0\n\0\n"]),
    (SMTP, [b"EHLO x\r\n", b"MAIL FROM:<\xff>\r\n", b"QUIT\r\n"]),
    (LMTP, [b"LHLO x\r\n", b"QUIT\r\n"]),
    (POP3, [*lines("USER b@x", "STAT", "QUIT")]),
]  # fmt: skip


@pytest.mark.parametrize("at", range(len(HEALTHY)))
def test_nothing_is_said_of_a_client_that_does_as_it_should(at: int) -> None:
    dialect, said = HEALTHY[at]
    assert found(dialect, taped(dialect, *said)) == {}


ALMOST: dict[str, tuple[str, Dialect, Iterable[bytes]]] = {
    "the end of a long line was not kept": ("no-newline", MY_SMTP, [b"HELO x\n", b"LIST " + b"b" * 20_000 + b"\n"]),
    "the end of a long line came later": ("no-newline", MY_SMTP, [b"X" * 2100, b"yyy\n", b"HELO x\n"]),
    "nobody waited for the end of a message": ("no-newline", SMTP, [*list(MAIL)[:3], b"DATA\r\nHello"]),
    "chunks end by themselves": ("no-dot", SMTP, [*list(MAIL)[:3], b"BDAT 10\r\nabc"]),
    "a login is no message": ("no-dot", SMTP, lines("EHLO x", "AUTH LOGIN")),
    "the same was tried again": ("goes-on", MY_SMTP, lines("HELO x", "RCPT TO: b@x", "RCPT TO: b@x", end="\n")),
    "a refusal was waited for before": (
        "not-waiting", MY_SMTP,
        [*lines("HELO x", "MAIL FROM: a@y", "RCPT TO: b@x", end="\n"), b"MAIL FROM: a@x\nRCPT TO: b@x\n"],
    ),
    "what was refused leads nowhere": (
        "goes-on", MY_SMTP, [*GREETED, *lines("DATA hi", "LIST nobody@x", "MAIL FROM: a@x", end="\n")],
    ),
    "what was refused comes later on the way": ("goes-on", SMTP, lines("RCPT TO:<b@x>", "MAIL FROM:<a@x>")),
    "what was refused leads back": ("goes-on", SMTP, lines("DATA", "MAIL FROM:<a@x>")),
    "a group was taken whole, and the like of it refused later": (
        "not-waiting", MY_SMTP,
        [b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\n", *lines("DATA hi", "LIST nobody@x", "MAIL FROM: a@x", end="\n")],
    ),
    "what was refused before came alone": (
        "not-waiting", MY_SMTP, [*lines("HELO x", "MAIL FROM: a@y", end="\n"), b"RCPT TO: b@x\nQUIT\n"],
    ),
    "nothing in the group hangs on what was refused in it": (
        "not-waiting", MY_SMTP, [*GREETED, b"DATA hi\n", b"LIST nobody@x\nMAIL FROM: a@x\n"],
    ),
    "My_SMTP needs no brackets": ("no-brackets", MY_SMTP, lines("MAIL FROM: a@x", end="\n")),
    "a space after the colon is one of My_SMTP": ("space-after-colon", MY_SMTP, lines("MAIL FROM: a@x", end="\n")),
}  # fmt: skip


@pytest.mark.parametrize("case", ALMOST)
def test_what_only_looks_like_it_is_not_told(case: str) -> None:
    rule, dialect, said = ALMOST[case]
    assert rule not in found(dialect, taped(dialect, *said))


@pytest.mark.parametrize("last", ["EHLO y", "HELO y", "VRFY b", "EXPN b", "NOOP", "AUTH CRAM-MD5"])
def test_what_must_end_a_group_is_waited_for(last: str) -> None:
    """RFC 2920, section 3.1; AUTH by RFC 4954, section 4."""
    assert "not-waiting" in found(SMTP, taped(SMTP, b"EHLO x\r\n", f"{last}\r\nRSET\r\n".encode()))
    assert "not-waiting" not in found(SMTP, taped(SMTP, b"EHLO x\r\n", f"RSET\r\n{last}\r\n".encode()))


def test_of_several_groups_it_is_told_which_command_was_sent_too_soon() -> None:
    """Replies come in the order of their commands: what one group was told says nothing of another."""
    taken = b"HELO x\nMAIL FROM: a@x\nRCPT TO: b@x\nDATA\nhi\n.\n"
    tape = taped(MY_SMTP, taken, b"HELO x\n", b"MAIL FROM: a@y\nRCPT TO: b@x\nRCPT TO: c@x\nDATA\n", b"QUIT\n")
    finding = found(MY_SMTP, tape)["not-waiting"]
    at = [entry.number for entry in tape.entries() if entry.octets == b"RCPT TO: b@x\n"]
    assert (finding.number, finding.times) == (at[1], 3)
    login = taped(POP3, b"USER b\r\nPASS x\r\nSTAT\r\n", *lines("RETR 9"), b"USER c\r\nSTAT\r\n")
    assert "not-waiting" not in found(POP3, login)


def test_a_line_end_that_came_in_two_pieces_is_whole() -> None:
    finding = found(SMTP, taped(SMTP, *MAIL, b"one\r", b"\ntwo\r\n", b"thr\nee\r\n.\r\n"))["bare-lf"]
    assert finding.times == 1


def test_a_refused_data_that_nothing_came_with_is_no_message_that_did() -> None:
    for said in ([b"HELO x\n", b"DATA\n", b"Hello\n"], [b"HELO x\n", b"DATA\nQUIT\n"]):
        assert "body-with-command" not in found(MY_SMTP, taped(MY_SMTP, *said))
    refused = found(MY_SMTP, taped(MY_SMTP, b"HELO x\n", b"DATA\nHello\nthere\n.\n"))["body-with-command"]
    assert (refused.number, refused.times) == (3, 1)


def test_a_session_that_is_still_open_is_not_told_that_its_dot_is_missing() -> None:
    assert found(SMTP, taped(SMTP, *MAIL, b"Hello\r\n", ends=False)) == {}


def test_the_finding_names_the_line_and_how_often() -> None:
    finding = found(SMTP, taped(SMTP, b"EHLO x\n", b"NOOP\r\n", b"NOOP\n"))["bare-lf"]
    assert (finding.number, finding.times) == (2, 2)
    assert smtplib.CRLF == "\r\n"


def test_what_is_advised_is_of_the_protocol_that_is_spoken() -> None:
    """My_SMTP has no RSET and takes spaces round the colon (docs/protocol.md); POP3 has no MAIL FROM and no digits."""
    early = found(MY_SMTP, taped(MY_SMTP, *lines("HELO x", "DATA", end="\n")))["data-before-rcpt"]
    assert "HELO or QUIT" in early.mend
    assert "RSET or QUIT" in found(SMTP, taped(SMTP, *lines("EHLO x", "DATA")))["data-before-rcpt"].mend
    chunk = found(SMTP, taped(SMTP, *lines("EHLO x", "MAIL FROM:<a@x>"), b"BDAT 2 LAST\r\nhi"))["data-before-rcpt"]
    assert chunk.what == "The client sends BDAT before any recipient was taken."
    colon = found(MY_SMTP, taped(MY_SMTP, *lines("HELO x", "MAIL FROM : a@x", end="\n")))["space-before-colon"]
    assert colon.why.startswith("My_SMTP overlooks it")
    on = found(POP3, taped(POP3, *lines("PASS x", "STAT")))["goes-on"]
    assert "-ERR" in on.mend
    assert "MAIL FROM" not in on.why
    assert "RFC 1939" in found(POP3, taped(POP3, b"NOOP\n"))["bare-lf"].why
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    assert "STLS" in found(POP3, taped(POP3, hello))["foreign"].mend
    assert "TLS if" not in found(MY_SMTP, taped(MY_SMTP, hello))["foreign"].mend


def test_a_command_that_comes_too_late_does_not_go_on_after_what_was_refused_before_it() -> None:
    said = lines("USER b", "PASS x", "RETR 9", "USER b")
    assert "goes-on" not in found(POP3, taped(POP3, *said))


def test_who_speaks_another_protocol_is_told_which_and_how_to_greet_here() -> None:
    told = found(MY_SMTP, taped(MY_SMTP, *lines("EHLO x", end="\n")))["other-protocol"]
    assert told.what == "The client sends EHLO, a command of SMTP: My_SMTP has none of this name."
    assert told.mend == "In My_SMTP a client says hello by HELO <domain>."
    assert "POP3" in found(SMTP, taped(SMTP, *lines("STAT")))["other-protocol"].mend
    # Nor is a message taken for commands, where DATA was refused.
    said = lines("HELO x", "DATA", "User guide", "Top of the list", end="\n")
    assert "other-protocol" not in found(MY_SMTP, taped(MY_SMTP, *said))
    assert "other-protocol" in found(MY_SMTP, taped(MY_SMTP, *lines("DATA", "RSET", end="\n")))
