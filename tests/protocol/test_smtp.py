"""SMTP: the grid of verbs and states, a transcript for each command, parameters, limits.

Expectations: RFC 5321, and those of its extensions that are cited.
"""

import base64
import errno

import pytest

from mysmtp.errors import IdleTooLong, ServerBusy, ShuttingDown, StoreFailed
from mysmtp.events import Bus, CommandAnswered, LineReceived, LoginAnswered
from mysmtp.message import Body, Envelope, Trace
from mysmtp.protocol.dialog import Dialog
from mysmtp.protocol.lmtp import LMTP
from mysmtp.protocol.room import Room
from mysmtp.protocol.smtp import SMTP
from tests.protocol.conversation import Client, play

# How a session gets into each state, and what each command is answered there: written by hand, not read from the table.
INTO = {
    "connected": b"",
    "greeted": b"EHLO x.example\r\n",
    "sender known": b"EHLO x.example\r\nMAIL FROM:<a@x>\r\n",
    "recipient known": b"EHLO x.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n",
    "chunks": b"EHLO x.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 4\r\none ",
}
HELLO, MAIL, RCPT = "503 5.5.1 Send EHLO first", "503 5.5.1 Send MAIL FROM first", "503 5.5.1 Send RCPT TO first"
BUSY, GO_ON = "503 5.5.1 A mail is under way; RSET drops it", "503 5.5.1 Go on with BDAT, or send RSET"
HI, OK, STORED = "250 localhost greets you", "250 2.0.0 OK", "250 2.0.0 Message stored"
SENDER_OK, RCPT_OK, TAKEN = "250 2.1.0 Sender OK", "250 2.1.5 Recipient OK", "250 2.0.0 4 octets received"
GO = "354 Enter message, end with a single dot (.) on a line of its own"
VRFY = "252 2.1.5 Every address is taken; mail for it makes its mailbox"
UNKNOWN, NOT_HERE = "500 5.5.1 Unknown command", "502 5.5.1 Command not implemented"
TLS = "220 2.0.0 Ready to start TLS"
HELP = "214 2.0.0 RFC 5321 tells what they do"
EHLO = "250 STARTTLS"
GRID = {
    #                      connected  greeted    sender known  recipient known  chunks
    "EHLO c.example":      (EHLO,     EHLO,      EHLO,         EHLO,            EHLO),
    "HELO c.example":      (HI,       HI,        HI,           HI,              HI),
    "LHLO c.example":      (UNKNOWN,  UNKNOWN,   UNKNOWN,      UNKNOWN,         UNKNOWN),
    "MAIL FROM:<a@x>":     (HELLO,    SENDER_OK, BUSY,         BUSY,            GO_ON),
    "RCPT TO:<c@z>":       (HELLO,    MAIL,      RCPT_OK,      RCPT_OK,         GO_ON),
    "DATA":                (HELLO,    MAIL,      RCPT,         GO,              GO_ON),
    "BDAT 4\r\nab":        (HELLO,    MAIL,      RCPT,         TAKEN,           TAKEN),
    "BDAT 4 LAST\r\nab":   (HELLO,    MAIL,      RCPT,         STORED,          STORED),
    "RSET":                (OK,       OK,        OK,           OK,              OK),
    "NOOP":                (OK,       OK,        OK,           OK,              OK),
    "VRFY bob":            (VRFY,     VRFY,      VRFY,         VRFY,            VRFY),
    "EXPN list":           (NOT_HERE, NOT_HERE,  NOT_HERE,     NOT_HERE,        NOT_HERE),
    "HELP":                (HELP,     HELP,      HELP,         HELP,            HELP),
    "AUTH PLAIN AGEAYg==": (HELLO,    "235 2.7.0 Welcome", BUSY, BUSY,          GO_ON),
    "STARTTLS":            (HELLO,    TLS,       TLS,          TLS,             TLS),
    "QUIT":                ("221 2.0.0 Goodbye",) * 5,
}  # fmt: skip
STAYS = tuple(INTO)
GREETED = ("greeted",) * 5
AFTER = {
    "EHLO c.example":      GREETED,
    "HELO c.example":      GREETED,
    "LHLO c.example":      STAYS,
    "MAIL FROM:<a@x>":     ("connected", "sender known", "sender known", "recipient known", "chunks"),
    "RCPT TO:<c@z>":       ("connected", "greeted", "recipient known", "recipient known", "chunks"),
    "DATA":                STAYS,
    "BDAT 4\r\nab":        ("connected", "greeted", "sender known", "chunks", "chunks"),
    "BDAT 4 LAST\r\nab":   ("connected", "greeted", "sender known", "greeted", "greeted"),
    "RSET":                ("connected", "greeted", "greeted", "greeted", "greeted"),
    "NOOP":                STAYS,
    "VRFY bob":            STAYS,
    "EXPN list":           STAYS,
    "HELP":                STAYS,
    "AUTH PLAIN AGEAYg==": STAYS,
    "STARTTLS":            ("connected",) * 5,
    "QUIT":                STAYS,
}  # fmt: skip


def smtp(state: str = "greeted", **settings: object) -> Client:
    """Return a client of SMTP whose session is in this state."""
    client = Client(dialect=SMTP, **settings)  # type: ignore[arg-type]
    client.say(INTO[state])
    assert client.dialog.state == state
    return client


def ask(client: Client, line: bytes) -> str:
    return client.say(line + b"\r\n").decode().removesuffix("\r\n")


@pytest.mark.parametrize("state", INTO)
@pytest.mark.parametrize("command", GRID)
def test_every_verb_in_every_state(command: str, state: str) -> None:
    client = smtp(state, upgrades=True)
    column = list(INTO).index(state)
    assert ask(client, command.encode()).split("\r\n")[-1] == GRID[command][column]
    assert client.dialog.state == AFTER[command][column]
    assert client.dialog.closing == (command == "QUIT")
    assert client.dialog.upgrading == (GRID[command][column] == TLS)


def test_the_greeting_and_what_is_offered() -> None:
    client = Client(dialect=SMTP, limit=1000)
    assert client.dialog.greet() == b"220 localhost ESMTP mysmtp\r\n"
    play(
        """
        C: EHLO x.example
        S: 250-localhost greets you
        S: 250-PIPELINING
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-HELP
        S: 250-SIZE 1000
        S: 250 AUTH PLAIN LOGIN
        C: HELO x.example
        S: 250 localhost greets you
        C: HELP me
        S: 214-2.0.0 Commands: EHLO HELO MAIL RSET NOOP VRFY AUTH QUIT HELP
        S: 214 2.0.0 RFC 5321 tells what they do
    """,
        client,
    )


@pytest.mark.parametrize(
    ("state", "more"),
    [
        ("connected", ""), ("greeted", "MAIL AUTH STARTTLS"), ("sender known", "RCPT STARTTLS"),
        ("recipient known", "RCPT DATA BDAT STARTTLS"), ("chunks", "BDAT STARTTLS"),
    ],
)  # fmt: skip
def test_help_names_what_this_session_may_do_now(state: str, more: str) -> None:
    always = ["EHLO", "HELO", "RSET", "NOOP", "VRFY", "QUIT", "HELP"]
    for tls in ("", "TLSv1.3"):
        client = smtp(state, upgrades=True)
        client.dialog._session.tls = tls
        told = ask(client, b"HELP").split("\r\n")[0].removeprefix("214-2.0.0 Commands: ").split(" ")
        assert sorted(told) == sorted([*always, *[word for word in more.split() if word != "STARTTLS" or not tls]])


def test_who_is_logged_in_is_not_told_to() -> None:
    client = smtp("greeted", check=lambda *_: True)
    assert " AUTH " in ask(client, b"HELP")
    ask(client, b"AUTH PLAIN AGEAYg==")
    assert " AUTH " not in ask(client, b"HELP")


def test_two_mails_in_one_session_with_every_octet_kept() -> None:
    client = smtp()
    for _ in range(2):
        play(
            """
            C: MAIL FROM:<alice@example.com>
            S: 250 2.1.0 Sender OK
            C: RCPT TO:<Bob@Example.com>
            S: 250 2.1.5 Recipient OK
            C: RCPT TO:<bob@example.COM>
            S: 250 2.1.5 Recipient OK
            C: DATA
            S: 354 Enter message, end with a single dot (.) on a line of its own
            C: Subject: hi
            C:
            C: ..two dots, then one
            C: ..
            C: \xe9 is not ASCII
            C: .
            S: 250 2.0.0 Message stored
        """,
            client,
        )
    assert (
        client.bodies("bob@example.com")
        == [b"Subject: hi\r\n\r\n.two dots, then one\r\n.\r\n\xc3\xa9 is not ASCII\r\n"] * 2
    )
    assert [box.name for box in client.store.mailboxes()] == ["bob@example.com"]


def test_the_null_sender_is_listed_as_such_and_what_is_known_is_kept() -> None:
    client = smtp()
    play(
        """
        C: MAIL FROM:<> SIZE=20 BODY=8bitmime RET=hdrs ENVID=QQ314159 AUTH=<> SMTPUTF8
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<b@y> NOTIFY=success,Failure ORCPT=rfc822;Bob+2B@Y
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<@hop.example:jürgen@y>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 Enter message, end with a single dot (.) on a line of its own
        C: .
        S: 250 2.0.0 Message stored
    """,
        client,
    )
    stored = client.store.read("b@y", 1)
    assert stored.envelope == Envelope("", ("b@y", "jürgen@y"))
    assert stored.trace == Trace(
        "smtp", 1, "127.0.0.1:4", "x.example", "1233" "30", "", "",
        (("body", "8BITMIME"), ("ret", "HDRS"), ("envid", "QQ314159"), ("auth", "<>"), ("smtputf8", "1")),
        ((("notify", "SUCCESS,FAILURE"), ("orcpt", "rfc822;Bob+2B@Y")), ()),
    )  # fmt: skip
    assert client.store.contents("b@y").startswith(b"1: Email from <> (")


@pytest.mark.parametrize(
    ("state", "line", "reply"),
    [
        ("greeted", b"", "500 5.5.1 Unknown command"),
        ("greeted", b"XYZZY", "500 5.5.1 Unknown command"),
        ("greeted", b"MAILFROM:<a@x>", "500 5.5.1 Unknown command"),
        ("greeted", b"EHLO", "501 5.5.2 Invalid syntax: say your domain or [address], one word"),
        ("greeted", b"EHLO a b", "501 5.5.2 Invalid syntax: say your domain or [address], one word"),
        ("greeted", b"MAIL", "501 5.5.2 Invalid syntax: write FROM:<local-part@domain>"),
        ("greeted", b"MAIL TO:<a@x>", "501 5.5.2 Invalid syntax: write FROM:<local-part@domain>"),
        ("greeted", b"MAIL FROM:", "501 5.1.3 Invalid address: an @ is missing"),
        ("greeted", b"MAIL FROM:<a>", "501 5.1.3 Invalid address: an @ is missing"),
        ("greeted", b"MAIL FROM:<a@x>junk", "501 5.1.3 Invalid address: write <local-part@domain>"),
        ("greeted", b"MAIL FROM:<a@x> ???", "501 5.5.2 Invalid syntax: parameters are KEYWORD or KEYWORD=value"),
        ("greeted", b"MAIL FROM:<a@x> FOO=bar", "555 5.5.4 No such parameter: FOO"),
        ("greeted", b"MAIL FROM:<a@x> NOTIFY=NEVER", "555 5.5.4 No such parameter: NOTIFY"),
        ("greeted", b"MAIL FROM:<a@x> SIZE=1 size=2", "501 5.5.2 Invalid syntax: SIZE is given twice"),
        ("greeted", b"MAIL FROM:<a@x> SIZE=-1", "501 5.5.4 Invalid value of SIZE"),
        ("greeted", b"MAIL FROM:<a@x> SIZE=1e3", "501 5.5.4 Invalid value of SIZE"),
        ("greeted", b"MAIL FROM:<a@x> SIZE", "501 5.5.4 Invalid value of SIZE"),
        ("greeted", "MAIL FROM:<a@x> SIZE=１".encode(), "501 5.5.4 Invalid value of SIZE"),
        ("greeted", b"MAIL FROM:<a@x> SIZE=1000001", "552 5.3.4 Message too large"),
        ("greeted", b"MAIL FROM:<a@x> SIZE=99999999999999999999", "552 5.3.4 Message too large"),
        ("greeted", b"MAIL FROM:<a@x> BODY=9BIT", "501 5.5.4 Invalid value of BODY"),
        ("greeted", b"MAIL FROM:<a@x> SMTPUTF8=yes", "501 5.5.4 Invalid value of SMTPUTF8"),
        ("greeted", b"MAIL FROM:<a@x> RET=ALL", "501 5.5.4 Invalid value of RET"),
        ("greeted", b"MAIL FROM:<a@x> ENVID=a+2", "501 5.5.4 Invalid value of ENVID"),
        ("greeted", "MAIL FROM:<é@x>".encode(), "553 5.6.7 An address that is not ASCII needs SMTPUTF8 in MAIL"),
        ("greeted", b"MAIL FROM:<a@\xff>", "501 5.5.2 Invalid syntax: a command is UTF-8"),
        (
            "greeted",
            b"MAIL FROM:<a@x>\rRCPT TO:<b@x>",
            "501 5.5.2 Invalid syntax: a command holds no control characters",
        ),
        ("greeted", b"VRFY", "501 5.5.2 Invalid syntax: VRFY takes a name"),
        ("greeted", b"AUTH", "501 5.5.2 Invalid syntax: AUTH takes a mechanism, and perhaps a response"),
        ("greeted", b"AUTH CRAM-MD5", "504 5.5.4 AUTH takes PLAIN or LOGIN"),
        ("greeted", b"STARTTLS", "502 5.5.1 STARTTLS is not offered"),
        ("greeted", b"STARTTLS now", "501 5.5.2 Invalid syntax: this command stands alone"),
        ("greeted", b"QUIT now", "501 5.5.2 Invalid syntax: this command stands alone"),
        ("sender known", b"RCPT TO:<>", "501 5.1.3 Invalid address: a recipient is never empty"),
        ("sender known", b"RCPT TO:<b\0@x>", "501 5.5.2 Invalid syntax: a command holds no control characters"),
        ("sender known", b"RCPT TO:<b>", "501 5.1.3 Invalid address: an @ is missing"),
        ("sender known", b"RCPT TO:<b@y> NOTIFY=NEVER,SUCCESS", "501 5.5.4 Invalid value of NOTIFY"),
        ("sender known", b"RCPT TO:<b@y> ORCPT=bob", "501 5.5.4 Invalid value of ORCPT"),
        ("sender known", b"RCPT TO:<b@y> SIZE=1", "555 5.5.4 No such parameter: SIZE"),
        ("sender known", "RCPT TO:<é@x>".encode(), "553 5.6.7 An address that is not ASCII needs SMTPUTF8 in MAIL"),
        ("recipient known", b"DATA now", "501 5.5.2 Invalid syntax: this command stands alone"),
        ("recipient known", b"RSET now", "501 5.5.2 Invalid syntax: this command stands alone"),
        ("chunks", b"x" * 2049, "500 5.5.2 Line too long"),
    ],
)
def test_refusals_change_nothing(state: str, line: bytes, reply: str) -> None:
    client = smtp(state)
    assert ask(client, line) == reply
    assert client.dialog.state == state
    assert not client.dialog.closing
    assert ask(client, b"NOOP") == OK


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<a@x>",
        b"mail from:<a@x>",
        b"MAIL FROM: <a@x>",
        b"MAIL FROM:a@x",
        b"MAIL FROM:<@one.example,@two.example:a@x>",
        b'MAIL FROM:<"a b"@x> SIZE=0',
        b"MAIL FROM:<a@[IPv6:::1]>  BODY=7BIT ",
        "MAIL FROM:<é@ü.example> SMTPUTF8".encode(),
    ],
)
def test_spellings_of_mail_from_that_are_taken(line: bytes) -> None:
    assert ask(smtp(), line) == SENDER_OK


def test_postmaster_needs_no_domain() -> None:
    client = smtp("sender known")
    assert ask(client, b"RCPT TO:<Postmaster>") == RCPT_OK
    client.say(b"DATA\r\n")
    client.say(b"hi\r\n.\r\n")
    assert client.bodies("postmaster") == [b"hi\r\n"]


def test_lf_alone_ends_no_command_and_the_reply_says_so() -> None:
    client = smtp()
    for line in (b"NOOP\n", b"QUIT\n", b"MAIL FROM:<a@x>\n", b"XYZZY\n", b"\n"):
        assert client.say(line) == b"501 5.5.2 Invalid syntax: a line ends with CR LF, not with LF alone\r\n", line
    assert ask(client, b"NOOP") == OK


def test_parameters_are_for_those_who_said_ehlo() -> None:
    client = Client(dialect=SMTP)
    ask(client, b"HELO x")
    assert ask(client, b"MAIL FROM:<a@x> SIZE=1") == "555 5.5.4 Parameters are offered to EHLO only"
    assert ask(client, b"MAIL FROM:<a@x>") == SENDER_OK


def test_the_first_thousand_recipients_stand(caplog: pytest.LogCaptureFixture) -> None:
    client = smtp("sender known")
    lines = b"".join(b"RCPT TO:<r%d@y>\r\n" % n for n in range(1100))
    replies = client.say(lines).decode().split("\r\n")
    assert replies[:1000] == [RCPT_OK] * 1000
    assert replies[1000:-1] == ["452 4.5.3 Too many recipients: a mail has at most 1000"] * 100
    ask(client, b"DATA")
    assert ask(client, b"hi\r\n.") == STORED
    assert len(client.store.mailboxes()) == 1000


def test_a_mail_over_the_limit_is_read_to_its_end_and_the_session_goes_on() -> None:
    client = smtp("recipient known", limit=10)
    ask(client, b"DATA")
    assert client.say(b"x" * 100_000) == b""
    assert client.say(b"\r\n.\r\nNOOP\r\n").decode() == f"552 5.3.4 Message too large\r\n{OK}\r\n"
    assert client.dialog.state == "greeted"
    assert not client.store.mailboxes()


def test_a_mail_of_the_limit_is_taken() -> None:
    client = smtp("recipient known", limit=10)
    ask(client, b"DATA")
    assert ask(client, b"x" * 8 + b"\r\n.") == STORED


@pytest.mark.parametrize("body", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n", b"\n\r\n", b"a\r\n\nb\r\n"])
def test_a_cr_or_lf_alone_is_refused_after_the_true_end(body: bytes) -> None:
    client = smtp("recipient known")
    ask(client, b"DATA")
    refused = "550 5.6.11 A CR or LF stands alone in the message; its lines end with CR LF"
    assert client.say(body + b".\r\nNOOP\r\n").decode() == f"{refused}\r\n{OK}\r\n"
    assert client.dialog.state == "greeted"
    assert not client.store.mailboxes()


def test_content_that_comes_with_data_is_a_client_that_does_not_wait() -> None:
    client = smtp("recipient known")
    reply = client.say(b"DATA\r\nSubject: x\r\n\r\n.\r\nMAIL FROM:<s@e>\r\n")
    assert reply == b"554 5.5.0 Wait for 354 before you send the message (RFC 2920)\r\n"
    assert client.dialog.closing
    assert not client.store.mailboxes()


def test_commands_may_be_pipelined() -> None:
    replies = smtp("connected").say(INTO["recipient known"] + b"DATA\r\n")
    assert replies.decode().split("\r\n")[-4:] == [SENDER_OK, RCPT_OK, GO, ""]


# CHUNKING and BINARYMIME (RFC 3030)


def test_chunks_are_counted_octets_and_may_be_pipelined() -> None:
    client = smtp("recipient known")
    replies = client.say(b"BDAT 7\r\none\r\n.\rBDAT 4\r\n\nx\r\nBDAT 0 LAST\r\nNOOP\r\n").decode().split("\r\n")
    assert replies == ["250 2.0.0 7 octets received", "250 2.0.0 4 octets received", STORED, OK, ""]
    assert client.bodies("b@y") == [b"one\r\n.\r\nx\r\n"]


def test_binary_mails_hold_any_octet_and_go_by_bdat_only() -> None:
    client = smtp()
    ask(client, b"MAIL FROM:<a@x> BODY=BINARYMIME")
    ask(client, b"RCPT TO:<b@y>")
    assert ask(client, b"DATA") == "503 5.5.1 BODY=BINARYMIME goes by BDAT"
    body = bytes(range(256))
    assert client.say(b"BDAT 256 LAST\r\n" + body).decode() == STORED + "\r\n"
    assert client.bodies("b@y") == [body]


@pytest.mark.parametrize("body", ["7BIT", "8BITMIME"])
def test_a_cr_or_lf_alone_in_chunks_needs_binarymime(body: str) -> None:
    client = smtp()
    client.say(f"MAIL FROM:<a@x> BODY={body}\r\nRCPT TO:<b@y>\r\n".encode())
    client.say(b"BDAT 2\r\na\r")
    refused = "550 5.6.11 A CR or LF stands alone in the message; its lines end with CR LF"
    assert client.say(b"BDAT 1 LAST\r\nb").decode() == refused + "\r\n"
    assert not client.store.mailboxes()


def test_a_chunk_too_many_is_refused_and_so_is_the_rest() -> None:
    client = smtp("recipient known", limit=10)
    too_large = "552 5.3.4 Message too large"
    replies = client.say(b"BDAT 8\r\n12345678BDAT 3\r\nabcBDAT 1\r\nxBDAT 1 LAST\r\nxNOOP\r\n").decode().split("\r\n")
    assert replies == ["250 2.0.0 8 octets received", too_large, too_large, too_large, OK, ""]
    assert client.dialog.state == "greeted"
    assert not client.store.mailboxes()


def test_refused_chunks_keep_the_session_in_step() -> None:
    client = smtp("greeted")
    assert client.say(b"BDAT 6\r\nQUIT\r\nNOOP\r\n").decode() == f"{MAIL}\r\n{OK}\r\n"


@pytest.mark.parametrize("argument", [b"", b"x", b"-1", b"1 FIRST", b"1 LAST x", b"9" * 21, b"LAST 1"])
def test_a_chunk_without_a_size_ends_the_session(argument: bytes) -> None:
    client = smtp("recipient known")
    assert client.say(b"BDAT " + argument + b"\r\nQUIT\r\n").startswith(b"501 5.5.4 BDAT takes a number of octets")
    assert client.dialog.closing


# AUTH (RFC 4954)

USER, PASSWORD = "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"
WELCOME, WRONG = "235 2.7.0 Welcome", "535 5.7.8 User or password is wrong"


def encoded(text: str) -> bytes:
    return base64.b64encode(text.encode())


def only_alice(user: str, password: str) -> bool:
    return (user, password) == ("alice", "pä55 wörd")


@pytest.mark.parametrize(
    "exchange",
    [
        [(b"AUTH PLAIN " + encoded("\0alice\0pä55 wörd"), WELCOME)],
        [(b"auth plain " + encoded("\0alice\0pä55 wörd"), WELCOME)],
        [(b"AUTH PLAIN", "334 "), (encoded("\0alice\0pä55 wörd"), WELCOME)],
        [(b"AUTH PLAIN", "334 "), (encoded("other\0alice\0pä55 wörd"), WELCOME)],
        [(b"AUTH LOGIN", USER), (encoded("alice"), PASSWORD), (encoded("pä55 wörd"), WELCOME)],
        [(b"AUTH LOGIN " + encoded("alice"), PASSWORD), (encoded("pä55 wörd"), WELCOME)],
        [(b"AUTH PLAIN " + encoded("\0alice\0guess"), WRONG)],
        [(b"AUTH LOGIN " + encoded("bob"), PASSWORD), (encoded("pä55 wörd"), WRONG)],
        [(b"AUTH LOGIN =", PASSWORD), (b"", WRONG)],
        [(b"AUTH PLAIN =", "501 5.5.2 PLAIN is NUL, user, NUL, password")],
        [(b"AUTH PLAIN", "334 "), (b"", "501 5.5.2 PLAIN is NUL, user, NUL, password")],
        [(b"AUTH PLAIN", "334 "), (b"*", "501 5.7.0 AUTH was cancelled")],
        [(b"AUTH LOGIN", USER), (b"*", "501 5.7.0 AUTH was cancelled")],
        [(b"AUTH LOGIN", USER), (encoded("alice"), PASSWORD), (b"*", "501 5.7.0 AUTH was cancelled")],
        [(b"AUTH LOGIN", USER), (b"alice!", "501 5.5.2 An answer is base64 of UTF-8")],
        [(b"AUTH PLAIN ///", "501 5.5.2 An answer is base64 of UTF-8")],
        [(b"AUTH PLAIN", "334 "), (b"A" * 12289, "500 5.5.6 The answer is too long")],
    ],
)
def test_logins(exchange: list[tuple[bytes, str]]) -> None:
    client = smtp(check=only_alice)
    for line, reply in exchange:
        assert ask(client, line) == reply
    welcome = exchange[-1][1] == WELCOME
    assert ask(client, b"AUTH LOGIN") == ("503 5.5.1 Already logged in" if welcome else USER)


def test_the_user_is_kept_with_the_mail_and_any_login_is_taken_where_nothing_is_checked() -> None:
    client = smtp()
    assert ask(client, b"AUTH PLAIN " + encoded("\0carol\0anything")) == WELCOME
    client.say(INTO["recipient known"] + b"BDAT 2 LAST\r\nhi")
    trace = client.store.read("b@y", 1).trace
    assert trace
    assert trace.user == "carol"


def test_a_client_that_goes_on_guessing_is_sent_away_tls_or_not() -> None:
    client = smtp(check=only_alice, upgrades=True)
    for number in range(4):
        assert ask(client, b"AUTH PLAIN " + encoded(f"\0alice\0{number}")) == WRONG
    ask(client, b"STARTTLS")
    client.dialog.upgraded("TLSv1.3")
    ask(client, b"EHLO x")
    assert ask(client, b"AUTH PLAIN " + encoded("\0alice\0guess")) == "421 4.7.0 Too many wrong logins"
    assert client.dialog.closing


def test_what_is_told_of_logins() -> None:
    client = smtp(check=only_alice)
    ask(client, b"AUTH PLAIN " + encoded("\0alice\0guess"))
    ask(client, b"AUTH PLAIN " + encoded("\0alice\0pä55 wörd"))
    told = [event for event in client.events if isinstance(event, LoginAnswered)]
    assert told == [LoginAnswered(1, "alice", taken=False), LoginAnswered(1, "alice", taken=True)]


def test_mail_is_taken_after_a_login_only_where_one_is_required() -> None:
    """RFC 4954 section 6."""
    client = smtp(check=only_alice, login_first=True)
    assert ask(client, b"MAIL FROM:<a@x>") == "530 5.7.0 Authentication required"
    assert ask(client, b"AUTH PLAIN " + encoded("\0alice\0pä55 wörd")) == WELCOME
    assert ask(client, b"MAIL FROM:<a@x>") == "250 2.1.0 Sender OK"
    assert ask(client, b"RSET") == "250 2.0.0 OK"
    ask(client, b"EHLO x")
    assert ask(client, b"MAIL FROM:<a@x>") == "250 2.1.0 Sender OK"


SECRET = encoded("\0alice\0pä55 wörd")


@pytest.mark.parametrize(
    "lines",
    [
        [b"AUTH PLAIN " + SECRET],
        [b"AUTH PLAIN", SECRET],
        [b"AUTH LOGIN " + SECRET, SECRET],
        [b"AUTH LOGIN", SECRET, SECRET],
        [b"  auth   plain " + SECRET],
        [b"AUTH PLAIN " + SECRET * 100],
        [b"AUTH PLAIN extra " + SECRET],
        [b"AUTH X " + SECRET],
    ],
)
def test_no_password_is_ever_told_to_the_bus(lines: list[bytes]) -> None:
    client = smtp()
    for line in lines:
        ask(client, line)
    told = repr([event for event in client.events if isinstance(event, LineReceived | CommandAnswered)])
    assert "****" in told
    assert SECRET.decode() not in repr(client.events)


def test_a_checker_that_fails_is_a_failure_of_the_server() -> None:
    def check(_user: str, _password: str) -> bool:
        raise StoreFailed

    assert ask(smtp(check=check), b"AUTH PLAIN " + encoded("\0a\0b")) == "454 4.7.0 Passwords cannot be checked now"


# STARTTLS (RFC 3207)


def test_what_comes_with_starttls_is_dropped_and_what_was_said_before_is_forgotten() -> None:
    client = smtp("sender known", upgrades=True)
    ask(client, b"RSET")
    ask(client, b"AUTH PLAIN " + encoded("\0mallory\0x"))
    client.say(b"MAIL FROM:<a@x>\r\n")
    assert client.say(b"STARTTLS\r\nRSET\r\nMAIL FROM:<i@e>\r\n").decode() == TLS + "\r\n"
    assert client.dialog.upgrading
    client.dialog.upgraded("TLSv1.3 TLS_AES_256_GCM_SHA384")
    assert not client.dialog.upgrading
    assert ask(client, b"RCPT TO:<b@y>") == HELLO
    assert "STARTTLS" not in ask(client, b"EHLO x")
    assert ask(client, b"STARTTLS") == "503 5.5.1 TLS has begun already"
    client.say(INTO["recipient known"] + b"BDAT 2 LAST\r\nhi")
    trace = client.store.read("b@y", 1).trace
    assert trace
    assert (trace.user, trace.tls) == ("", "TLSv1.3 TLS_AES_256_GCM_SHA384")


# Patience, farewells, failures


def test_twenty_errors_are_enough() -> None:
    client = smtp()
    replies = client.say(b"FOO\r\n" * 30).decode().split("\r\n")
    assert replies == [UNKNOWN] * 20 + ["421 4.7.0 Too many errors", ""]
    assert client.dialog.closing


def test_a_hundred_idle_commands_are_enough_unless_a_mail_comes_between() -> None:
    client = smtp()
    for _ in range(3):
        assert client.say(b"NOOP\r\n" * 99).count(b"250 ") == 99
        client.say(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 2 LAST\r\nhi")
    assert client.say(b"NOOP\r\n" * 10_000).decode().split("\r\n") == [OK] * 120 + ["421 4.7.0 Too many errors", ""]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ServerBusy(), b"421 4.3.2 Server busy\r\n"),
        (ServerBusy("too many"), b"421 4.3.2 Server busy: too many\r\n"),
        (ShuttingDown(), b"421 4.3.2 Server shutting down\r\n"),
        (IdleTooLong(), b"421 4.4.2 Idle too long\r\n"),
    ],
)
def test_farewells(fault: ServerBusy, words: bytes) -> None:
    client = smtp()
    assert client.dialog.farewell(fault) == words
    assert client.dialog.closing


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: x\r\n\r\nHELO x\r\n", b"\x16\x03\x01\x02\x00"]
)
def test_a_browser_or_a_tls_hello_ends_the_session_without_a_word(octets: bytes) -> None:
    client = Client(dialect=SMTP)
    assert client.say(octets) == b""
    assert client.dialog.closing


class Failing:
    """A Deliverer that cannot store; `late`: which is found out after it took the mail."""

    def __init__(self, cause: Exception | None, late: bool) -> None:
        self.cause = cause
        self.late = late

    def deliver(self, _envelope: Envelope, _body: Body, _trace: Trace) -> "Failing":
        if not self.late:
            raise StoreFailed from self.cause
        return self

    def wait(self) -> None:
        raise StoreFailed from self.cause


def failed_from(cause: Exception) -> StoreFailed:
    fault = StoreFailed()
    fault.__cause__ = cause
    return fault


LATER, NO_ROOM = "451 4.3.0 Failed to store message", "452 4.3.1 No room to store the message now"


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("cause", "reply"),
    [
        (None, LATER),
        (OSError(errno.EIO, "x"), LATER),
        (OSError(errno.EROFS, "x"), LATER),
        (OSError("the file changes all the time"), LATER),
        (ValueError("a bug"), LATER),
        (OSError(errno.ENOSPC, "x"), NO_ROOM),
        (OSError(errno.EDQUOT, "x"), NO_ROOM),
        (failed_from(OSError(errno.ENOSPC, "x")), NO_ROOM),
    ],
)
def test_a_mail_that_cannot_be_stored_is_for_a_later_try(cause: Exception | None, reply: str, late: bool) -> None:
    """RFC 5321 section 4.2.2: 451 a local error, 452 insufficient storage; RFC 3463: 4.3.1 the mail system is full."""
    for dialect, hello, times in ((SMTP, b"EHLO", 1), (LMTP, b"LHLO", 2)):
        client = Client(dialect=dialect)
        dialog = Dialog(
            dialect, store=client.store, deliverer=Failing(cause, late), clock=client.clock, bus=Bus(), session_id=1,
            peer="x", max_message_size=100,
        )  # fmt: skip
        list(dialog.receive(INTO["recipient known"].replace(b"EHLO", hello) + b"RCPT TO:<c@y>\r\nDATA\r\n"))
        said = b"".join(dialog.receive(b"hi\r\n.\r\nMAIL FROM:<a@x>\r\n")).decode()
        assert said.split("\r\n") == [reply] * times + [SENDER_OK, ""]


@pytest.mark.parametrize(
    "mail", [b"BDAT 2 LAST\r\nhi", b"BDAT 2 LAST\r\na\n", b"RSET\r\n", b"EHLO x\r\n", b"HELO x\r\n"]
)
def test_nothing_is_left_of_a_transaction_that_is_over(mail: bytes) -> None:
    client = smtp("recipient known")
    client.say(mail)
    assert client.say(b"RCPT TO:<c@y>\r\nBDAT 2 LAST\r\nhiDATA\r\n").decode() == f"{MAIL}\r\n" * 3


def test_a_mail_the_disk_has_no_room_for_is_refused_before_it_comes() -> None:
    """RFC 1870 section 6.1; without SIZE some room is needed."""
    free = [100_000]
    for dialect, hello in ((SMTP, b"EHLO x\r\n"), (LMTP, b"LHLO x\r\n")):
        client = Client(dialect=dialect)
        dialog = Dialog(
            dialect, store=client.store, deliverer=Failing(None, late=False), clock=client.clock, bus=Bus(),
            session_id=1, peer="x", max_message_size=10**6, room=Room(10**6, disk=lambda: free[0]),
        )  # fmt: skip

        def said(line: bytes, dialog: Dialog = dialog) -> str:
            return b"".join(dialog.receive(line + b"\r\nRSET\r\n")).decode().split("\r\n")[0]

        list(dialog.receive(hello))
        free[0] = 100_000
        assert said(b"MAIL FROM:<a@x> SIZE=50000") == SENDER_OK
        assert said(b"MAIL FROM:<a@x> SIZE=50001") == NO_ROOM
        assert said(b"MAIL FROM:<a@x> SIZE=1000001") == "552 5.3.4 Message too large"
        free[0] = 8192
        assert said(b"MAIL FROM:<a@x>") == SENDER_OK
        free[0] = 8191
        assert [said(b"MAIL FROM:<a@x>"), said(b"MAIL FROM:<a@x> SIZE=1")] == [NO_ROOM, NO_ROOM]


@pytest.mark.parametrize(
    ("size", "room", "reply"), [(1001, 10**6, "552 5.3.4 Message too large"), (900, 500, NO_ROOM), (10**19, 500, None)]
)
def test_a_chunk_that_is_too_large_by_its_size_is_thrown_away_as_it_comes(
    size: int, room: int, reply: str | None
) -> None:
    """RFC 3030 section 2: the server accepts and discards the octets before it says so."""
    shared = Room(room)
    client = Client(dialect=SMTP)
    dialog = Dialog(
        SMTP, store=client.store, deliverer=Failing(None, late=False), clock=client.clock, bus=Bus(), session_id=1,
        peer="x", max_message_size=1000, room=shared,
    )  # fmt: skip
    list(dialog.receive(INTO["recipient known"]))
    assert b"".join(dialog.receive(b"BDAT %d LAST\r\n" % size + b"x" * 400)) == b""
    assert shared.free == room
    if reply:
        said = b"".join(dialog.receive(b"x" * (size - 400) + b"NOOP\r\n")).decode()
        assert said.split("\r\n") == [reply, OK, ""]
