"""POP3: the grid of verbs and states, a transcript for each command, deletion, secrets, any cut of the octets.

Expectations: RFC 1939, and those of its extensions that are cited.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.contracts import MessageStore
from mysmtp.errors import DamagedMail, IdleTooLong, ServerBusy, ShuttingDown, StoreFailed
from mysmtp.events import CommandAnswered, LineReceived, MailboxChanged, ReplySent
from mysmtp.message import Envelope, Message
from mysmtp.protocol import maildrop, outbox
from mysmtp.protocol.dialect import Dialect
from mysmtp.protocol.pop3 import POP3
from mysmtp.store import open_store, spool
from tests.protocol.conversation import Client, cut, play

NUMBERS = count(1)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MAILS = (b"Subject: one\r\n\r\n.dot\r\n..\r\n\r\nend\r\n", b"two\n", b"three\r\n" + b"x" * 2000)

# How a session gets into each state, and what each command is answered there: written by hand, not read from the table.
INTO = {
    "authorization": b"",
    "user given": b"USER Bob@Y\r\n",
    "transaction": b"USER Bob@Y\r\nPASS secret\r\n",
}
LOG_IN, PASS, IN = "-ERR Send USER and PASS first", "-ERR Send PASS first", "-ERR Already logged in"
GIVEN, THREE, ALONE = "+OK Send PASS", "+OK 3 messages", "-ERR Invalid syntax: this command stands alone"
UTF8, OFFER, BYE = "+OK UTF-8 it is", "-ERR Not offered; send USER and PASS", "+OK Goodbye"
GRID = {
    #              authorization  user given  transaction
    "USER bob@y":  (GIVEN,        GIVEN,      IN),
    "PASS x":      (LOG_IN,       THREE,      IN),
    "APOP bob@y x": (OFFER,       OFFER,      IN),
    "AUTH PLAIN":  (OFFER,        OFFER,      IN),
    "STLS":        ("+OK Begin TLS", "+OK Begin TLS", IN),
    "UTF8":        (UTF8,         UTF8,       IN),
    "CAPA":        ("+OK",        "+OK",      "+OK"),
    "STAT":        (LOG_IN,       PASS,       "+OK 3 2047"),
    "LIST":        (LOG_IN,       PASS,       THREE),
    "LIST 2":      (LOG_IN,       PASS,       "+OK 2 5"),
    "UIDL":        (LOG_IN,       PASS,       THREE),
    "UIDL 2":      (LOG_IN,       PASS,       "+OK 2 2.6476672e35000.4"),
    "RETR 2":      (LOG_IN,       PASS,       "+OK 5 octets"),
    "TOP 2 0":     (LOG_IN,       PASS,       "+OK"),
    "DELE 2":      (LOG_IN,       PASS,       "+OK Message 2 goes when you QUIT"),
    "RSET":        (LOG_IN,       PASS,       THREE),
    "NOOP":        (LOG_IN,       PASS,       "+OK"),
    "XYZZY":       ("-ERR Unknown command",) * 3,
    "QUIT":        (BYE,          BYE,        BYE),
}  # fmt: skip
AFTER = {
    "USER bob@y":  ("user given", "user given", "transaction"),
    "PASS x":      ("authorization", "transaction", "transaction"),
    "STLS":        ("authorization", "authorization", "transaction"),
}  # fmt: skip


@dataclass
class Pop3Client(Client):
    """A client of POP3, which ends lines with CR LF and is never refused one that ends with LF."""

    @property
    def end(self) -> str:
        return "\r\n"


def filled(*bodies: bytes) -> MessageStore:
    """Return a store that holds these mails for bob@y."""
    store = open_store("memory:")
    for body in bodies:
        store.append(["bob@y"], Message(Envelope("a@x", ("bob@y",)), body, NOON))
    return store


def client_in(state: str = "transaction", *bodies: bytes, **settings: object) -> Pop3Client:
    """Return a client whose session is in this state, and whose mailbox holds these mails, or MAILS."""
    settings.setdefault("store", filled(*(bodies or MAILS)))
    client = Pop3Client(dialect=POP3, **settings)  # type: ignore[arg-type]
    client.say(INTO[state])
    assert client.dialog.state == state
    return client


def ask(client: Client, line: bytes) -> str:
    return client.say(line + b"\r\n").decode()


@pytest.mark.parametrize("state", INTO)
@pytest.mark.parametrize("command", GRID)
def test_every_verb_in_every_state(command: str, state: str) -> None:
    client = client_in(state, upgrades=True)
    column = list(INTO).index(state)
    assert ask(client, command.encode()).split("\r\n")[0] == GRID[command][column]
    assert client.dialog.state == AFTER.get(command, tuple(INTO))[column]
    assert client.dialog.closing == (command == "QUIT")
    assert client.dialog.upgrading == (GRID[command][column] == "+OK Begin TLS")


def test_what_is_offered_is_what_there_is() -> None:
    client = client_in("authorization")
    assert client.dialog.greet() == b"+OK localhost POP3 mysmtp\r\n"
    play(
        """
        C: CAPA
        S: +OK
        S: USER
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: UTF8 USER
        S: EXPIRE NEVER
        S: IMPLEMENTATION mysmtp
        S: .
    """,
        client,
    )


def test_a_session_from_the_login_on() -> None:
    client = client_in("authorization")
    play(
        """
        C: user BOB@y
        S: +OK Send PASS
        C: pass a password with spaces
        S: +OK 3 messages
        C: STAT
        S: +OK 3 2047
        C: LIST
        S: +OK 3 messages
        S: 1 33
        S: 2 5
        S: 3 2009
        S: .
        C: UIDL
        S: +OK 3 messages
        S: 1 1.6476672e35000.21
        S: 2 2.6476672e35000.4
        S: 3 3.6476672e35000.7d7
        S: .
        C: NOOP
        S: +OK
        C: QUIT
        S: +OK Goodbye
    """,
        client,
    )
    assert client.dialog.closing


def test_messages_and_their_tops() -> None:
    play(
        f"""
        C: RETR 1
        S: +OK 33 octets
        S: Subject: one
        S:
        S: ..dot
        S: ...
        S:
        S: end
        S: .
        C: RETR 3
        S: +OK 2009 octets
        S: three
        S: {"x" * 2000}
        S: .
        C: TOP 1 1
        S: +OK
        S: Subject: one
        S:
        S: ..dot
        S: .
        C: TOP 2 0
        S: +OK
        S: two
        S: .
    """,
        client_in(),
    )


def test_a_maildrop_without_mail() -> None:
    play(
        """
        C: USER nobody
        S: +OK Send PASS
        C: PASS
        S: +OK 0 messages
        C: STAT
        S: +OK 0 0
        C: LIST
        S: +OK 0 messages
        S: .
        C: UIDL
        S: +OK 0 messages
        S: .
        C: RETR 1
        S: -ERR No such message
        C: QUIT
        S: +OK Goodbye
    """,
        client_in("authorization"),
    )


def test_an_empty_mail_has_no_lines() -> None:
    client = client_in("transaction", b"")
    assert ask(client, b"RETR 1") == "+OK 0 octets\r\n.\r\n"
    assert ask(client, b"TOP 1 5") == "+OK\r\n.\r\n"


def test_deletion_is_done_at_quit() -> None:
    client = client_in()
    play(
        """
        C: DELE 1
        S: +OK Message 1 goes when you QUIT
        C: DELE 1
        S: -ERR No such message
        C: RETR 1
        S: -ERR No such message
        C: STAT
        S: +OK 2 2014
        C: LIST
        S: +OK 2 messages
        S: 2 5
        S: 3 2009
        S: .
        C: UIDL 1
        S: -ERR No such message
        C: RSET
        S: +OK 3 messages
        C: DELE 3
        S: +OK Message 3 goes when you QUIT
        C: DELE 2
        S: +OK Message 2 goes when you QUIT
    """,
        client,
    )
    assert client.bodies("bob@y") == list(MAILS)
    assert MailboxChanged not in map(type, client.events)
    assert ask(client, b"QUIT") == "+OK Goodbye\r\n"
    assert client.bodies("bob@y") == [MAILS[0]]
    assert [event for event in client.events if isinstance(event, MailboxChanged)] == [MailboxChanged(1, "bob@y")]


def test_who_deletes_nothing_changes_nothing() -> None:
    client = client_in()
    ask(client, b"QUIT")
    assert MailboxChanged not in map(type, client.events)


@pytest.mark.parametrize("end", ["hang up", "idle", "half a QUIT", "errors"])
def test_a_connection_that_ends_in_any_other_way_deletes_nothing(end: str) -> None:
    client = client_in()
    ask(client, b"DELE 1")
    if end == "idle":
        assert client.dialog.farewell(IdleTooLong()) == b"-ERR [SYS/TEMP] Idle too long; nothing is deleted\r\n"
    elif end == "errors":
        assert client.say(b"XYZZY\r\n" * 101).endswith(b"-ERR Too many errors; nothing is deleted\r\n")
    elif end == "half a QUIT":
        client.say(b"QUIT")
    client.hang_up()
    assert client.dialog.closing
    assert client.bodies("bob@y") == list(MAILS)


@pytest.mark.parametrize(
    ("state", "line", "reply"),
    [
        ("authorization", b"", "-ERR Unknown command"),
        ("authorization", b"USER", "-ERR Invalid syntax: USER takes a mailbox"),
        ("authorization", b"USER \xff", "-ERR Invalid syntax: a command is UTF-8"),
        ("authorization", b"USER a\0b", "-ERR Invalid syntax: a command holds no control characters"),
        ("authorization", b"STLS", "-ERR STLS is not offered"),
        ("authorization", b"STLS now", ALONE),
        ("authorization", b"CAPA x", ALONE),
        ("user given", b"PASS \xff", "-ERR Invalid syntax: a command is UTF-8"),
        ("transaction", b"STAT 1", ALONE),
        ("transaction", b"NOOP 1", ALONE),
        ("transaction", b"RSET 1", ALONE),
        ("transaction", b"QUIT 1", ALONE),
        ("transaction", b"LIST 1 2", "-ERR Invalid syntax: a message number, or nothing"),
        ("transaction", b"LIST -1", "-ERR Invalid syntax: a message number, or nothing"),
        ("transaction", "LIST １".encode(), "-ERR Invalid syntax: a message number, or nothing"),
        ("transaction", b"LIST 0", "-ERR No such message"),
        ("transaction", b"LIST 4", "-ERR No such message"),
        ("transaction", b"UIDL x", "-ERR Invalid syntax: a message number, or nothing"),
        ("transaction", b"UIDL 4", "-ERR No such message"),
        ("transaction", b"RETR", "-ERR Invalid syntax: one message number is needed"),
        ("transaction", b"RETR 1 2", "-ERR Invalid syntax: one message number is needed"),
        ("transaction", b"RETR 99999999999999999999", "-ERR No such message"),
        ("transaction", b"RETR " + b"9" * 2000, "-ERR No such message"),
        ("transaction", b"RETR " + b"9" * 3000, "-ERR Line too long"),
        ("transaction", b"DELE", "-ERR Invalid syntax: one message number is needed"),
        ("transaction", b"DELE 4", "-ERR No such message"),
        ("transaction", b"TOP 1", "-ERR Invalid syntax: TOP takes a message number and a number of lines"),
        ("transaction", b"TOP 1 -1", "-ERR Invalid syntax: TOP takes a message number and a number of lines"),
        ("transaction", b"TOP 4 1", "-ERR No such message"),
    ],
)
def test_what_is_refused(state: str, line: bytes, reply: str) -> None:
    client = client_in(state)
    assert ask(client, line) == f"{reply}\r\n"
    assert client.dialog.state == state
    assert not client.dialog.closing


@pytest.mark.parametrize("user", ["bob@y", "BOB@Y", " bob@y ", '"a b"@y', "é@y", "postmaster"])
def test_the_user_is_the_mailbox(user: str) -> None:
    store = filled()
    store.append([user.strip().lower()], Message(Envelope("", ()), b"hi", NOON))
    client = client_in("authorization", store=store)
    ask(client, b"UTF8")
    assert ask(client, f"USER {user}".encode()) == "+OK Send PASS\r\n"
    assert ask(client, b"PASS x") == "+OK 1 message\r\n"


@pytest.mark.parametrize("user", ["../bob@y", "a/../../bob@y", "/etc/passwd", "%00", ".", "..", "~", "con@x"])
def test_no_user_leads_out_of_the_folder(user: str, tmp_path: object) -> None:
    store = open_store(f"file:{tmp_path}/box")
    client = client_in("authorization", store=store)
    assert client.say(f"USER {user}\r\nPASS x\r\nSTAT\r\n".encode()).endswith(b"\r\n+OK 0 messages\r\n+OK 0 0\r\n")
    store.close()


def test_a_wrong_password_says_so_and_a_right_one_may_follow() -> None:
    asked: list[tuple[str, str]] = []

    def check(user: str, password: str) -> bool:
        asked.append((user, password))
        return password == " se cret é"

    client = client_in("authorization", check=check)
    play(
        """
        C: USER Bob@y
        S: +OK Send PASS
        C: PASS se cret
        S: -ERR [AUTH] User or password is wrong
        C: STAT
        S: -ERR Send PASS first
        C: USER bob@Y
        S: +OK Send PASS
    """,
        client,
    )
    assert ask(client, "PASS  se cret é".encode()) == "+OK 3 messages\r\n"
    assert asked == [("bob@y", "se cret"), ("bob@y", " se cret é")]


def test_a_client_that_goes_on_guessing_is_sent_away() -> None:
    client = client_in("user given", check=lambda _user, _password: False)
    for _ in range(4):
        assert ask(client, b"PASS x") == "-ERR [AUTH] User or password is wrong\r\n"
    assert ask(client, b"PASS x") == "-ERR [AUTH] Too many wrong logins\r\n"
    assert client.dialog.closing


@pytest.mark.parametrize(
    "line",
    [
        b"PASS hidden\r\n", b"pass  hid den\r\n", b" PASS hidden\n", b"PASS \xffhidden\r\n",
        b"PASS " + b"hidden" * 1000 + b"\r\n", b"AUTH PLAIN hidden\r\n", b"APOP bob@y hidden\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("state", INTO)
def test_no_password_is_told_to_anybody(state: str, line: bytes) -> None:
    client = client_in(state, check=lambda _user, _password: False) if state != "transaction" else client_in(state)
    client.say(line)
    assert "hid" not in repr(client.events)
    assert {LineReceived, CommandAnswered, ReplySent} <= {type(event) for event in client.events}


def test_what_is_told_of_a_login() -> None:
    client = client_in()
    told = [event for event in client.events if isinstance(event, CommandAnswered)]
    assert told == [
        CommandAnswered(1, "USER", "Bob@Y", 200, "Send PASS", "authorization", "user given", ""),
        CommandAnswered(1, "PASS", "****", 200, "3 messages", "user given", "transaction", ""),
    ]
    ask(client, b"RETR 9")
    assert [event for event in client.events if isinstance(event, CommandAnswered)][-1] == CommandAnswered(
        1, "RETR", "9", 400, "No such message", "transaction", "transaction", "x"
    )


def test_stls_begins_anew_and_nothing_that_came_with_it_counts() -> None:
    """RFC 2595 section 4; THREATS: a command put in behind STLS."""
    client = client_in("user given", upgrades=True)
    assert b"STLS\r\n" in client.say(b"CAPA\r\n")
    assert client.say(b"STLS\r\nUSER eve@y\r\nPASS x\r\n") == b"+OK Begin TLS\r\n"
    assert client.dialog.upgrading
    client.dialog.upgraded("TLSv1.3")
    assert ask(client, b"PASS x") == LOG_IN + "\r\n"
    assert b"STLS\r\n" not in client.say(b"CAPA\r\n")
    assert ask(client, b"STLS") == "-ERR TLS has begun already\r\n"


def test_two_clients_of_one_mailbox() -> None:
    store = filled(*MAILS)
    one, other = client_in(store=store), client_in(store=store)
    assert one.say(b"DELE 1\r\nQUIT\r\n").endswith(b"+OK Goodbye\r\n")
    play(
        """
        C: STAT
        S: +OK 3 2047
        C: RETR 1
        S: -ERR No such message
        C: RETR 2
        S: +OK 5 octets
        S: two
        S: .
        C: DELE 1
        S: +OK Message 1 goes when you QUIT
        C: QUIT
        S: +OK Goodbye
    """,
        other,
    )
    assert MailboxChanged not in map(type, other.events)


class Failing:
    """A store that does well until it is told to fail."""

    def __init__(self, fault: Exception) -> None:
        self.fault: Exception | None = None
        self._then = fault
        self._store = filled(*MAILS)

    def fail(self) -> None:
        self.fault = self._then

    def __getattr__(self, name: str) -> object:
        if self.fault is not None:
            raise self.fault
        return getattr(self._store, name)


FOR_NOW = "-ERR [SYS/TEMP] It cannot be done now\r\n"


@pytest.mark.parametrize(
    ("fault", "line", "reply"),
    [
        (StoreFailed(), b"STAT", FOR_NOW),
        (StoreFailed(), b"LIST", FOR_NOW),
        (StoreFailed(), b"RETR 1", FOR_NOW),
        (RuntimeError("a bug"), b"RETR 1", FOR_NOW),
        (DamagedMail("bob@y", 1), b"RETR 1", "-ERR [SYS/PERM] The message is damaged\r\n"),
        (DamagedMail("bob@y", 3), b"LIST 3", "+OK 3 2007\r\n"),
    ],
)
def test_a_store_that_fails_is_told_and_the_session_goes_on(fault: Exception, line: bytes, reply: str) -> None:
    store = Failing(fault)
    client = client_in(store=store)
    store.fail()
    assert ask(client, line) == reply
    assert not client.dialog.closing
    store.fault = None
    assert ask(client, b"STAT") == "+OK 3 2047\r\n"


def test_a_store_that_cannot_delete_is_told_and_the_session_ends() -> None:
    store = Failing(StoreFailed())
    client = client_in(store=store)
    ask(client, b"DELE 1")
    store.fail()
    assert ask(client, b"QUIT") == "-ERR [SYS/TEMP] Goodbye; the deleted messages are not removed\r\n"
    assert client.dialog.closing
    assert MailboxChanged not in map(type, client.events)


def test_a_store_that_cannot_be_opened_lets_nobody_in() -> None:
    store = Failing(StoreFailed())
    client = client_in("user given", store=store)
    store.fail()
    assert ask(client, b"PASS x") == FOR_NOW
    assert client.dialog.state == "user given"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ServerBusy(), b"-ERR [SYS/TEMP] Server busy\r\n"),
        (ServerBusy("too many"), b"-ERR [SYS/TEMP] Server busy: too many\r\n"),
        (ShuttingDown(), b"-ERR [SYS/TEMP] Server shutting down\r\n"),
    ],
)
def test_farewells(fault: ServerBusy, words: bytes) -> None:
    client = client_in()
    assert client.dialog.farewell(fault) == words
    assert client.dialog.closing


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nUSER x\r\n", b"\x16\x03\x01\x02\x00"])
def test_a_browser_or_a_tls_hello_ends_the_session_without_a_word(octets: bytes) -> None:
    client = client_in("authorization")
    assert client.say(octets) == b""
    assert client.dialog.closing


TALK = (
    b"CAPA\r\nUSER bob@y\nPASS x y\r\nSTAT\r\nLIST\nRETR 1\r\nRETR 3\r\nRETR 4\r\nTOP 1 2\r\nUIDL\r\nDELE 2\r\nFOO\r\n"
    + b"LIST " + b"1" * 2100 + b"\r\nSTAT\r\nQUIT\r\nSTAT\r\n"
)  # fmt: skip


def replies_to(pieces: list[bytes], dialect: Dialect) -> bytes:
    client = Pop3Client(dialect=dialect, store=filled(*MAILS))
    said = b"".join(map(client.say, pieces))
    assert client.dialog.closing
    assert client.bodies("bob@y") == [MAILS[0], MAILS[2]]
    return said


@given(st.lists(st.integers(0, 3000), max_size=12))
def test_any_cut_of_the_octets_gives_the_same_replies(places: list[int]) -> None:
    whole = replies_to([TALK], POP3)
    assert whole.endswith(b"+OK 2 2042\r\n+OK Goodbye\r\n")
    assert replies_to(cut(TALK, places), POP3) == whole


def test_octet_by_octet_too() -> None:
    assert replies_to([bytes([octet]) for octet in TALK], POP3) == replies_to([TALK], POP3)


@given(st.lists(st.sampled_from([b".", b"\r\n", b"x", b"\r"]), max_size=12).map(b"".join))
def test_a_client_gets_every_line_as_it_was(body: bytes) -> None:
    """What RETR sends, read as RFC 1939 section 3 says, is the mail; only a last line end may be new."""
    reply = client_in("transaction", body).say(b"RETR 1\r\n")
    assert reply.endswith(b"\r\n.\r\n")
    lines = reply.split(b"\r\n")[1:-2]
    got = b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)
    assert got == (body if body.endswith(b"\r\n") or not body else body + b"\r\n")
    assert reply.startswith(b"+OK %d octets\r\n" % len(got))


LINES = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\r", b".", b"..", b"x" * 40, b">===END_EMAIL==="]), max_size=20
).map(b"".join)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MessageStore]:
    store = open_store(f"file:{tmp_path_factory.mktemp('pop3')}/mailbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maildrop, "LARGE", 1)
        patch.setattr(outbox, "_LARGE", 0)
        patch.setattr(spool, "STEP", 7)
        yield store
    store.close()


@given(st.lists(LINES, min_size=2, max_size=2))
def test_a_large_mail_is_sent_as_any_other(on_disk: MessageStore, bodies: list[bytes]) -> None:
    """From a file, step by step: the octets on the wire are the same, and in their place."""
    box = f"{next(NUMBERS)}@y"
    said = (
        f"USER {box}\r\nPASS x\r\nRETR 1\r\nNOOP\r\nRETR 2\r\nTOP 1 1\r\nTOP 2 0\r\nTOP 1 99\r\nRETR 3\r\nQUIT\r\n"
    ).encode()
    plain = open_store("memory:")
    for store in (on_disk, plain):
        for body in bodies:
            store.append([box], Message(Envelope("a@x", (box,)), body, NOON))
    answers = [Pop3Client(dialect=POP3, store=store).say(said) for store in (on_disk, plain)]
    assert answers[0] == answers[1]


def test_no_more_than_a_piece_of_a_large_mail_is_in_memory_for_its_top(on_disk: MessageStore) -> None:
    box = f"{next(NUMBERS)}@y"
    on_disk.append([box], Message(Envelope("a@x", (box,)), b"Subject: x\n\n" + b"line\n" * 9, NOON))
    client = Pop3Client(dialect=POP3, store=on_disk)
    client.say(f"USER {box}\r\nPASS x\r\n".encode())
    pieces = [*client.dialog.receive(b"TOP 1 2\r\n")]
    assert [type(each) for each in pieces if each] == [memoryview]
    assert b"".join(pieces) == b"+OK\r\nSubject: x\r\n\r\nline\r\nline\r\n.\r\n"
