"""Refusals in words. What is expected was written from docs/protocol.md and the RFCs, not from the code."""

import inspect
from pathlib import Path

import pytest

from mysmtp import errors
from mysmtp.entry import Entry, Told
from mysmtp.inspector.explain import Explanation, explain
from mysmtp.inspector.protocols import known
from mysmtp.inspector.reasons import ROWS
from mysmtp.inspector.shut import Shutter, shut_of
from mysmtp.protocol.dialect import Check, Dialect
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from tests.protocol.taped import lines, recorded, taped

KNOWN = known()


def explained(dialect: Dialect, *said: str) -> Explanation:
    end = "\n" if dialect is MY_SMTP else "\r\n"
    tape = taped(dialect, *lines(*said, end=end))
    (refused,) = [entry for entry in tape.entries() if entry.mark][-1:]
    words = explain(refused, KNOWN[dialect.name], shut=shut_of(tape.entries(), KNOWN[dialect.name]).at(refused.number))
    assert words is not None
    return words


def test_too_early_says_which_state_is_needed_which_it_is_and_what_comes_next() -> None:
    words = explained(MY_SMTP, "RCPT TO: bob@example.com")
    assert words == Explanation(
        "Too early.",
        "RCPT TO needs state 2, sender known; this session is in state 0, initial.",
        "HELO <domain>",
        "docs/protocol.md, Replies",
        ("HELO <domain>", "QUIT"),
    )


@pytest.mark.parametrize(
    ("dialect", "said", "lead", "words", "following", "source"),
    [
        (MY_SMTP, ["HELO x", "RCPT TO: b@x"], "Too early.",
         "RCPT TO needs state 2, sender known; this session is in state 1.", "MAIL FROM: <email>",
         "docs/protocol.md, Replies"),
        (MY_SMTP, ["HELO x", "MAIL FROM: a@x", "DATA"], "Too early.",
         "DATA needs state 3, recipient known; this session is in state 2.", "RCPT TO: <email>",
         "docs/protocol.md, Replies"),
        (MY_SMTP, ["HELO example.com", "MAIL FROM: a@exmaple.com"], "Another domain.",
         "The sender’s domain must be the one that HELO named: exmaple.com is not example.com.", "MAIL FROM: <email>",
         "docs/protocol.md, Commands"),
        (MY_SMTP, ["DATAX"], "Not a command.", "This line does not begin with a command of My_SMTP.", "HELO <domain>",
         "docs/protocol.md, Commands"),
        (MY_SMTP, ["HELO x", "LIST nobody@x"], "No such mailbox.", "It is made with its first mail.",
         "MAIL FROM: <email>", "docs/protocol.md, Replies"),
        (SMTP, ["EHLO x", "MAIL FROM:<a@x>", "MAIL FROM:<a@x>"], "Not now.",
         "MAIL FROM needs state 1, greeted; this session is in state 2.", "RCPT TO:<email>",
         "RFC 5321, section 4.1.4"),
        (SMTP, ["EHLO x", "MAIL TO:<a@x>"], "Wrong syntax.", "Write FROM:<local-part@domain>.",
         "MAIL FROM:<email>", "RFC 5321, section 4.1.1"),
        *[(SMTP, ["EHLO x", f"MAIL FROM:<{path}>"], "No address.",
           "An address is written <local-part@domain>: words with single dots between them, or a text in quotes, then"
           " one @ and a domain, or the address of a host in [ and ].", "MAIL FROM:<email>", "RFC 5321, section 4.1.2")
          for path in ("a..b@x", ".a@x", "a@x..y", "a b@x", "a@x,b@y", "a@[x]")],
        (SMTP, ["EHLO x", "MAIL FROM:<a>"], "No address.", "An address has text on both sides of an @.",
         "MAIL FROM:<email>", "RFC 5321, section 4.1.2"),
        (MY_SMTP, [""], "Not a command.", "This line does not begin with a command of My_SMTP.", "HELO <domain>",
         "docs/protocol.md, Commands"),
        (SMTP, ["EHLO x", "TURN"], "Not known here.", "This line does not begin with a command that this server has.",
         "MAIL FROM:<email>", "RFC 5321, section 4.2.4"),  # TURN was one (RFC 5321, appendix F.1)
        (SMTP, ["EHLO x", "STARTTLS now"], "Wrong syntax.", "This command stands alone.", "MAIL FROM:<email>",
         "RFC 3207, section 4"),
        (SMTP, ["EHLO x", "MAIL FROM:<a@x>", "AUTH PLAIN ="], "Not now.",
         "AUTH needs state 1, greeted; this session is in state 2.", "RCPT TO:<email>", "RFC 4954, section 4"),
        (SMTP, ["EHLO x", "MAIL FROM:<a@x> FOO=1"], "No such parameter.",
         "MAIL FROM takes the parameters of those extensions that the reply to EHLO named.", "MAIL FROM:<email>",
         "RFC 5321, section 4.1.1.11"),
        # Parameters "are associated with negotiated SMTP service extensions" (RFC 5321, section 3.3), so by EHLO.
        (SMTP, ["HELO x", "MAIL FROM:<a@x> SIZE=3"], "No EHLO.",
         "MAIL FROM takes parameters where EHLO was said; this session said HELO.", "EHLO <domain>",
         "RFC 5321, section 3.3"),
        (SMTP, ["HELO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x> NOTIFY=NEVER"], "No EHLO.",
         "RCPT TO takes parameters where EHLO was said; this session said HELO.", "EHLO <domain>",
         "RFC 5321, section 3.3"),
        (SMTP, ["HELO x", "MAIL FROM:<a@x> FOO=1"], "No such parameter.",
         "MAIL FROM takes the parameters of those extensions that the reply to EHLO named.", "MAIL FROM:<email>",
         "RFC 5321, section 4.1.1.11"),
        (SMTP, ["EHLO x", "MAIL FROM:<a@x> SIZE=99999999999"], "Too large.",
         "SIZE tells of more octets than a message may have here; none of it was sent.", "MAIL FROM:<email>",
         "RFC 1870, section 6.1"),
        (SMTP, ["EHLO x", "MAIL FROM:<a@x> BODY=ODD"], "Wrong syntax.",
         "A parameter has no value that its extension knows.", "MAIL FROM:<email>", "RFC 5321, section 4.1.1.11"),
        (SMTP, ["EHLO x", "MAIL FROM:<é@x>"], "Not ASCII.",
         "Such an address is taken where MAIL FROM had the parameter SMTPUTF8.", "MAIL FROM:<email>",
         "RFC 6531, section 3.4"),
        (SMTP, ["EHLO x", "AUTH CRAM-MD5"], "No such mechanism.",
         "AUTH takes the mechanisms that the reply to EHLO named.", "AUTH PLAIN", "RFC 4954, section 4"),
        (SMTP, ["EHLO x", "AUTH PLAIN !"], "Wrong syntax.", "The login is not written as its mechanism has it.",
         "AUTH PLAIN", "RFC 4954, section 4"),
        (SMTP, ["EHLO x", "AUTH PLAIN", "*"], "Cancelled.", "The client answered * in place of its login.",
         "MAIL FROM:<email>", "RFC 4954, section 4"),
        (SMTP, ["EHLO x", "AUTH PLAIN AGJvYgBwdw==", "AUTH PLAIN AGJvYgBwdw=="], "Not now.", "A session logs in once.",
         "MAIL FROM:<email>", "RFC 4954, section 4"),
        (SMTP, ["EHLO x", "MAIL FROM:<a@x> BODY=BINARYMIME", "RCPT TO:<b@x>", "DATA"], "Not now.",
         "A message that MAIL FROM called BINARYMIME is sent with BDAT.", "BDAT <octets> LAST", "RFC 3030, section 3"),
        (SMTP, ["EHLO x", "BDAT 5 LAST\r\nabc"], "Too early.",
         "BDAT needs state 3, recipient known; this session is in state 1.", "MAIL FROM:<email>",
         "RFC 5321, section 4.1.4"),
        (POP3, ["USER b", "PASS c", "RETR 9"], "No such mail.",
         "This session knows no message of this number, or has deleted it.", "LIST", "RFC 1939, section 5"),
        (POP3, ["STAT"], "Too early.",
         "STAT needs state 2, transaction; this session is in state 0, authorization.", "USER <mailbox>",
         "RFC 1939, section 3"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_words(
    dialect: Dialect, said: list[str], lead: str, words: str, following: str, source: str
) -> None:
    told = explained(dialect, *said)
    assert (told.lead, told.words, told.next, told.source) == (lead, words, following, source)
    assert told.accepted


_TO_SMTP_STATES = {
    "connected": [],
    "greeted": ["EHLO x"],
    "sender known": ["EHLO x", "MAIL FROM:<a@x>"],
    "recipient known": ["EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>"],
}
_TO_POP3_STATES = {"authorization": [], "user given": ["USER b"], "transaction": ["USER b", "PASS c"]}


@pytest.mark.parametrize(
    ("dialect", "state", "before"),
    [(SMTP, *item) for item in _TO_SMTP_STATES.items()] + [(POP3, *item) for item in _TO_POP3_STATES.items()],
)
def test_what_is_said_to_be_taken_is_what_the_server_does_not_refuse_there(
    dialect: Dialect, state: str, before: list[str]
) -> None:
    commands = {"BDAT": "BDAT 0 LAST", "VRFY": "VRFY b", "AUTH": "AUTH PLAIN =", "MAIL": "MAIL FROM:<a@x>",
                "RCPT": "RCPT TO:<b@x>"}  # fmt: skip
    served = set()
    for verb in dialect.verbs:
        said = commands.get(verb, f"{verb} x" if verb in ("EHLO", "HELO", "LHLO", "USER", "PASS") else verb)
        (reply, *_) = [entry for entry in taped(dialect, *lines(*before, said)).entries() if entry.verb == verb][-1:]
        words = explain(reply, KNOWN[dialect.name])
        not_here = words is not None and (
            words.lead in ("Too early.", "Not now.", "Not offered.") or b"not offered" in reply.octets
        )
        served |= set() if not_here else {verb}
    assert set(KNOWN[dialect.name].taken_in(state, shut=Shutter(KNOWN[dialect.name]).now)) == served


def test_a_command_that_the_server_does_not_do_is_called_so() -> None:
    for said in (["EHLO x", "EXPN staff"], ["EHLO x", "STARTTLS"]):
        told = explained(SMTP, *said)
        assert (told.lead, told.source) == ("Not offered.", "RFC 5321, section 4.2.4")
        assert not {"EXPN", "STARTTLS"} & set(told.accepted)


@pytest.mark.parametrize(
    ("dialect", "said", "source"),
    [
        # Servers may "take action to defend themselves"; what each command was answered has other sections.
        (SMTP, ["EHLO x", *["RSET"] * 120], "RFC 5321, section 7.8"),
        (SMTP, ["EHLO x", *["FOO"] * 20], "RFC 5321, section 7.8"),
        (POP3, ["FOO"] * 100, "docs/rfc.md"),  # RFC 1939 has no such rule
    ],
)
def test_who_was_sent_away_for_want_of_patience_is_told_what_was_counted(
    dialect: Dialect, said: list[str], source: str
) -> None:
    told = explained(dialect, *said)
    assert told.lead == "Enough."
    assert told.words == "Too many commands of this session were refused, or did nothing, so it was ended."
    assert told.source == source


def _nobody(_user: str, _password: str) -> bool:
    return False


def _unreadable(_user: str, _password: str) -> bool:
    raise errors.PasswordsUnreadable


@pytest.mark.parametrize(
    ("dialect", "check", "times", "reply", "source"),
    [
        (SMTP, _nobody, 1, b"535 ", "RFC 4954, section 4"),  # "it SHOULD reject the AUTH command with a 535 reply"
        (SMTP, _nobody, 5, b"421 ", "RFC 4954, section 9"),  # "dropped after a number of failed … attempts"
        (SMTP, _unreadable, 1, b"454 ", "RFC 4954, section 6"),  # "failed due to a temporary server failure"
        (POP3, _nobody, 1, b"-ERR [AUTH]", "RFC 3206, section 5"),  # "The AUTH Response Code"
        (POP3, _nobody, 5, b"-ERR [AUTH]", "RFC 3206, section 5"),
        (POP3, _unreadable, 1, b"-ERR [SYS/TEMP]", "RFC 3206, section 4"),  # "The SYS Response Code"
    ],
)
def test_a_login_that_was_not_taken_is_explained_by_the_section_on_its_reply(
    dialect: Dialect, check: Check, times: int, reply: bytes, source: str
) -> None:
    client, tape = recorded(dialect, check=check)
    login = ["EHLO x", "AUTH PLAIN AGJvYgBwdw=="] if dialect is SMTP else ["USER bob", "PASS pw"]
    for said in [*lines(*login)] * times:
        client.say(said)
    refused = tape.entries()[-1]
    words = explain(refused, KNOWN[dialect.name])
    assert words is not None
    assert (refused.octets.startswith(reply), words.source) == (True, source)


@pytest.mark.parametrize(
    ("fault", "reply", "source"),
    [
        ("LineTooLong", b"-ERR Line too long\r\n", "RFC 2449, section 4"),  # "The maximum length of a command"
        ("ServerBusy", b"-ERR [SYS/TEMP] Server busy\r\n", "RFC 3206, section 4"),
    ],
)
def test_pop3_has_rules_of_its_own_for_what_other_protocols_refuse_too(fault: str, reply: bytes, source: str) -> None:
    told = Entry(1, "server", 0.0, reply, mark="x", before="authorization", after="authorization", fault=Told(fault))
    words = explain(told, KNOWN["pop3"])
    assert words is not None
    assert words.source == source


def test_a_size_that_cannot_be_read_is_wrong_syntax_of_a_command_that_is_offered() -> None:
    """BDAT takes a number of octets (RFC 3030, section 2); the server names CHUNKING, so it does BDAT."""
    for before in ([], ["MAIL FROM:<a@x>"], ["MAIL FROM:<a@x>", "RCPT TO:<b@x>"]):
        for said in ("BDAT", "BDAT many LAST"):
            told = explained(SMTP, "EHLO x", *before, said)
            assert (told.lead, told.words) == ("Wrong syntax.", "BDAT is written BDAT <octets> LAST.")
            assert told.source == "RFC 3030, section 2"


def test_a_line_without_its_cr_breaks_the_rule_of_line_ends() -> None:
    (refused,) = [entry for entry in taped(SMTP, b"EHLO x\n").entries() if entry.mark]
    words = explain(refused, KNOWN["smtp"])
    assert words is not None
    assert words.source == "RFC 5321, section 2.3.8"


def test_what_was_taken_is_not_explained() -> None:
    tape = taped(MY_SMTP, b"HELO x\n")
    assert [explain(entry, KNOWN["my_smtp"]) for entry in tape.entries() if entry.kind == "server"] == [None]


def test_a_message_that_is_too_large_is_told_otherwise_than_a_size_that_is() -> None:
    client, tape = recorded(SMTP, limit=10)
    for said in lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA", "0123456789", "."):
        client.say(said)
    words = explain(tape.entries()[-1], KNOWN["smtp"])
    assert words is not None
    assert words.words == "The message was read to its end and thrown away; nothing was stored."


def test_what_is_refused_for_now_is_no_failure_of_the_server() -> None:
    told = Entry(
        1, "server", 0.0, b"452 4.3.1 No room to store the message now\r\n", mark="X", verb="MAIL",
        before="greeted", after="greeted", fault=Told("Refused"),
    )  # fmt: skip
    words = explain(told, KNOWN["smtp"])
    assert words is not None
    assert (words.lead, words.source) == ("No room.", "RFC 5321, section 4.2.3")
    words = explain(told._replace(octets=b"451 4.3.0 x\r\n", fault=Told("OSError")), KNOWN["smtp"])
    assert words is not None
    assert words.lead == "The server failed."


def test_every_fault_has_words_of_its_own() -> None:
    faults = {name for name, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, errors.MailFault)}
    assert faults - set(ROWS) == {"MailFault", "Parting", "OutOfOrder"}


def test_the_sections_that_are_named_stand_in_the_document() -> None:
    document = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    sections = {line.removeprefix("## ") for line in document.splitlines() if line.startswith("## ")}
    named = {row.ours for row in ROWS.values() if row.ours}
    named |= {explained(MY_SMTP, *said).source.removeprefix("docs/protocol.md, ") for said in (["DATA"], ["FOO"])}
    assert named <= sections
