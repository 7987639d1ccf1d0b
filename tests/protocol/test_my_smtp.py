"""My_SMTP in lines framing: the grid of verbs and states, syntax, addresses, limits. Expectations: docs/protocol.md."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.contracts import MessageStore
from mysmtp.message import Envelope, Message
from mysmtp.protocol import my_smtp, outbox
from mysmtp.store import open_store, spool
from tests.protocol.conversation import Client, cut, play

NUMBERS = count(1)

# How a session gets into each state, and what each command is answered there: written by hand, not read from the table.
INTO = {
    "initial": b"",
    "greeted": b"HELO x.example\n",
    "sender known": b"HELO x.example\nMAIL FROM: a@x.example\n",
    "recipient known": b"HELO x.example\nMAIL FROM: a@x.example\nRCPT TO: b@y\n",
    "delivered": b"HELO x.example\nMAIL FROM: a@x.example\nRCPT TO: b@y\nDATA hello\n",
}
HELO, MAIL, RCPT = "403 Send HELO first", "403 Send MAIL FROM first", "403 Send RCPT TO first"
NO_BOX, GO, STORED = (
    "401 Requested email does not exist",
    "200 Enter message, end with a single dot (.) on a line of its own",
    "200 Message stored successfully",
)
GRID = {
    #                      initial   greeted   sender known  recipient known  delivered
    "HELO x.example":      ("200 OK", "200 OK", "200 OK",     "200 OK",        "200 OK"),
    "MAIL FROM:a@x.example": (HELO,   "200 OK", "200 OK",     "200 OK",        HELO),
    "RCPT TO:c@z":         (HELO,     MAIL,     "200 OK",     "200 OK",        HELO),
    "DATA hello":          (HELO,     MAIL,     RCPT,         STORED,          HELO),
    "DATA":                (HELO,     MAIL,     RCPT,         GO,              HELO),
    "LIST nobody@z":       (HELO,     NO_BOX,   NO_BOX,       NO_BOX,          NO_BOX),
    "GET_MAIL nobody@z 1": (HELO,     NO_BOX,   NO_BOX,       NO_BOX,          NO_BOX),
    "QUIT":                ("200 Goodbye",) * 5,
}  # fmt: skip
AFTER = {
    "HELO x.example":        ("greeted",) * 5,
    "MAIL FROM:a@x.example": ("initial", "sender known", "sender known", "sender known", "delivered"),
    "RCPT TO:c@z":           ("initial", "greeted", "recipient known", "recipient known", "delivered"),
    "DATA hello":            ("initial", "greeted", "sender known", "delivered", "delivered"),
    "DATA":                  ("initial", "greeted", "sender known", "recipient known", "delivered"),
    "LIST nobody@z":         tuple(INTO),
    "GET_MAIL nobody@z 1":   tuple(INTO),
    "QUIT":                  tuple(INTO),
}  # fmt: skip


@pytest.mark.parametrize("state", INTO)
@pytest.mark.parametrize("command", GRID)
def test_every_verb_in_every_state(command: str, state: str) -> None:
    client = Client()
    client.say(INTO[state])
    assert client.dialog.state == state
    column = list(INTO).index(state)
    assert client.say(command.encode() + b"\n").decode() == GRID[command][column] + "\n"
    assert client.dialog.state == AFTER[command][column]
    assert client.dialog.closing == (command == "QUIT")


def test_the_conversation_of_the_protocol_page() -> None:
    client = play("""
        C: HELO example.com
        S: 200 OK
        C: MAIL FROM: alice@example.com
        S: 200 OK
        C: RCPT TO: bob@example.com
        S: 200 OK
        C: DATA
        S: 200 Enter message, end with a single dot (.) on a line of its own
        C: Hello Bob,
        C: This is a test email.
        C: .
        S: 200 Message stored successfully
        C: HELO example.com
        S: 200 OK
    """)
    date = client.store.list("bob@example.com")[0].date
    play(
        f"""
        C: LIST bob@example.com
        S: 200 OK
        S: 1: Email from alice@example.com ({date})
        S: .
        C: GET_MAIL bob@example.com 1
        S: 200 OK
        S: From: alice@example.com
        S: Date: {date}
        S: Hello Bob,
        S: This is a test email.
        S: .
        C: QUIT
        S: 200 Goodbye
    """,
        client,
    )


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"", "400 Unknown command"),
        (b"   ", "400 Unknown command"),
        (b"DATAX", "400 Unknown command"),
        (b"EHLO x", "400 Unknown command"),
        (b"MAILFROM: a@x.example", "400 Unknown command"),
        (b"MAIL", "400 Invalid syntax: MAIL FROM: takes one email"),
        (b"MAIL FROM:", "400 Invalid syntax: MAIL FROM: takes one email"),
        (b"MAIL FROM a@x.example", "400 Invalid syntax: a colon is missing after MAIL FROM"),
        (b"MAIL TO: a@x.example", "400 Invalid syntax: MAIL FROM: takes one email"),
        (b"MAIL FROM: a@x.example SIZE=1", "400 Invalid syntax: MAIL FROM: takes one email"),
        (b"HELO", "400 Invalid syntax: HELO takes one word, a domain"),
        (b"HELO a b", "400 Invalid syntax: HELO takes one word, a domain"),
        (b"QUIT now", "400 Invalid syntax: QUIT stands alone"),
        (b"LIST", "400 Invalid syntax: LIST takes one email"),
        (b"LIST a b", "400 Invalid syntax: LIST takes one email"),
        (b"GET_MAIL bob", "400 Invalid syntax: GET_MAIL takes an email and an id"),
        (b"GET_MAIL bob 1 2", "400 Invalid syntax: GET_MAIL takes an email and an id"),
        (b"HELO \xff", "400 Invalid syntax: a command is UTF-8"),
        (b"HELO a\x01", "400 Invalid syntax: a command holds no control characters"),
        (b"HELO\ta", "400 Invalid syntax: a command holds no control characters"),
        (b"NONSENSE \x7f", "400 Invalid syntax: a command holds no control characters"),
        (b"MAIL FROM: nobody", "400 Invalid email format, missing @"),
        (b"MAIL FROM: @x.example", "400 Invalid email format, missing @: text is needed on both sides of the @"),
        (b"MAIL FROM: a@", "400 Invalid email format, missing @: text is needed on both sides of the @"),
        (b"MAIL FROM: <a@x.example", "400 Invalid syntax: an address stands bare or in one pair of angle brackets"),
        (b"MAIL FROM: <<a@x.example>>", "400 Invalid syntax: an address stands bare or in one pair of angle brackets"),
        (b"MAIL FROM: Al<a@x.example>", "400 Invalid syntax: an address stands bare or in one pair of angle brackets"),
        (b"MAIL FROM: a@y.example", "400 Sender domain does not match HELO domain: y.example is not x.example"),
    ],
)
def test_refusals_change_nothing(line: bytes, reply: str) -> None:
    client = Client()
    client.say(INTO["greeted"])
    assert client.say(line + b"\n").decode() == reply + "\n"
    assert client.dialog.state == "greeted"


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:a@x.example",
        b"mail  from : a@x.example",
        b"  MAIL FROM:<a@x.example>  ",
        b"Mail From :<a@X.EXAMPLE>\r",
        b"MAIL FROM: <>",
        b"MAIL FROM: a@b@x.example",
    ],
)
def test_spellings_of_mail_from_that_are_taken(line: bytes) -> None:
    client = Client()
    client.say(INTO["greeted"])
    assert client.say(line + b"\n") == b"200 OK\n"


def test_a_wrong_argument_out_of_order_is_out_of_order() -> None:
    play("""
        C: RCPT FROM: x
        S: 403 Send HELO first
        C: HELO x.example
        S: 200 OK
        C: RCPT
        S: 403 Send MAIL FROM first
    """)


def test_a_second_sender_forgets_the_recipients_and_a_refused_one_does_not() -> None:
    client = play("""
        C: HELO x
        S: 200 OK
        C: MAIL FROM: a@x
        S: 200 OK
        C: RCPT TO: one@y
        S: 200 OK
        C: MAIL FROM: a@other
        S: 400 Sender domain does not match HELO domain: other is not x
        C: MAIL FROM: b@x
        S: 200 OK
        C: DATA hello
        S: 403 Send RCPT TO first
        C: RCPT TO: two@y
        S: 200 OK
        C: DATA hello
        S: 200 Message stored successfully
    """)
    assert [box.name for box in client.store.mailboxes()] == ["two@y"]


def test_a_mailbox_that_does_not_exist_is_said_before_the_id_is_looked_at() -> None:
    play("""
        C: HELO x
        S: 200 OK
        C: GET_MAIL nobody@y abc
        S: 401 Requested email does not exist
        C: MAIL FROM: a@x
        S: 200 OK
        C: RCPT TO: bob
        S: 400 Invalid email format, missing @
        C: RCPT TO: Bob@Y
        S: 200 OK
        C: DATA one
        S: 200 Message stored successfully
        C: GET_MAIL bob@y abc
        S: 400 Invalid syntax: an id is digits
        C: GET_MAIL bob@y -1
        S: 400 Invalid syntax: an id is digits
        C: GET_MAIL bob@y １
        S: 400 Invalid syntax: an id is digits
        C: GET_MAIL bob@y 0
        S: 401 Email not found
        C: GET_MAIL bob@y 99999999999999999999
        S: 401 Email not found
        C: GET_MAIL bob@y 4294967297
        S: 401 Email not found
    """)


def test_leading_zeros_and_mailboxes_without_a_domain() -> None:
    client = Client()
    client.say(INTO["recipient known"] + b"DATA one\n")
    date = client.store.list("b@y")[0].date
    assert client.say(b"GET_MAIL B@Y 0001\n").decode() == f"200 OK\nFrom: a@x.example\nDate: {date}\none\n.\n"
    assert client.say(b"LIST bob\n") == b"401 Requested email does not exist\n"


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\u2003"])
def test_words_are_parted_by_plain_spaces_only(space: str) -> None:
    client = Client()
    client.say(INTO["sender known"])
    mailbox = f"a{space}b@y"
    assert client.say(f"RCPT TO: {mailbox}\nDATA hi\n".encode()) == b"200 OK\n200 Message stored successfully\n"
    assert client.say(f"GET_MAIL {mailbox} 1\n".encode()).startswith(b"200 OK\nFrom: a@x.example\n")
    assert client.say(f"GET_MAIL {mailbox}{space}1\n".encode()).startswith(b"400 Invalid syntax")


def test_domains_are_compared_without_ascii_case_only() -> None:
    play("""
        C: HELO strasse.example
        S: 200 OK
        C: MAIL FROM: a@straße.example
        S: 400 Sender domain does not match HELO domain: straße.example is not strasse.example
        C: MAIL FROM: a@STRASSE.example
        S: 200 OK
    """)


def test_a_damaged_mail_is_not_listed_and_cannot_be_read(tmp_path: Path) -> None:
    """LIST leaves it out, GET_MAIL says that reading failed, and the mails round it are served."""
    store = open_store(f"file:{tmp_path}")
    client = Client(store=store)
    for body in (b"one", b"two", b"three"):
        client.say(INTO["recipient known"] + b"DATA " + body + b"\n")
    file = tmp_path / "b@y.txt"
    store.list("b@y")  # has what was just stored written to its file
    file.write_bytes(file.read_bytes().replace(b"\ntwo\n", b"\ntwX\n"))
    assert [line[:2] for line in client.say(b"LIST b@y\n").splitlines()] == [b"20", b"1:", b"3:", b"."]
    assert client.say(b"GET_MAIL b@y 2\n") == b"500 Failed to read message\n"
    assert client.say(b"GET_MAIL b@y 3\n").endswith(b"\nthree\n.\n")
    store.close()


def test_the_hundred_and_first_recipient_is_refused_and_the_others_stand() -> None:
    client = Client()
    client.say(INTO["sender known"])
    recipients = b"".join(b"RCPT TO: r%d@y\n" % n for n in range(100))
    assert client.say(recipients) == b"200 OK\n" * 100
    assert client.say(b"RCPT TO: one-more@y\n") == b"400 Too many recipients: a mail has at most 100\n"
    assert client.say(b"RCPT TO: R7@Y\n") == b"200 OK\n"
    assert client.say(b"DATA hi\n") == b"200 Message stored successfully\n"
    assert sorted(box.name for box in client.store.mailboxes()) == sorted(f"r{n}@y" for n in range(100))
    assert {box.mails for box in client.store.mailboxes()} == {1}


def test_a_damaged_reply_never_leaves_the_session_out_of_step() -> None:
    """A mail that looks like replies is dot-stuffed body, told from them by the closing dot (T15)."""
    client = Client()
    client.say(INTO["recipient known"])
    client.say(b"DATA\n200 OK\n..\n...x\n1: Email from boss@x (01-01-2025)\n.\n")
    date = client.store.list("b@y")[0].date
    assert client.bodies("b@y") == [b"200 OK\n.\n..x\n1: Email from boss@x (01-01-2025)\n"]
    assert client.say(b"GET_MAIL b@y 1\n").decode() == (
        f"200 OK\nFrom: a@x.example\nDate: {date}\n200 OK\n..\n...x\n1: Email from boss@x (01-01-2025)\n.\n"
    )


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (b"DATA hello", b"hello\n"),
        (b"data  two spaces ", b" two spaces \n"),
        (b"DATA .", b".\n"),
        (b"DATA \xff\x00\x1b[2J", b"\xff\x00\x1b[2J\n"),
        (b"DATA one\r\r", b"one\r\n"),
        (b"  DATA x", b"x\n"),
    ],
)
def test_inline_messages(line: bytes, body: bytes) -> None:
    client = Client()
    client.say(INTO["recipient known"])
    assert client.say(line + b"\n") == b"200 Message stored successfully\n"
    assert client.bodies("b@y") == [body]


def _is_inline(octets: bytes) -> bool:
    """Whether these octets after `DATA ` are a message: no LF, and more than spaces once a last CR is off."""
    return b"\n" not in octets and octets.removesuffix(b"\r").strip(b" ") != b""


@given(message=st.binary(min_size=1, max_size=200).filter(_is_inline))
def test_any_message_without_lf_is_taken_inline(message: bytes) -> None:
    client = Client()
    client.say(INTO["recipient known"] + b"DATA " + message + b"\n")
    assert client.bodies("b@y") == [message.removesuffix(b"\r") + b"\n"]


@pytest.mark.parametrize("line", [b"DATA", b"DATA   ", b" data\r"])
def test_data_alone_asks_for_the_message(line: bytes) -> None:
    client = Client()
    client.say(INTO["recipient known"])
    assert client.say(line + b"\n").decode() == GO + "\n"
    assert client.say(b"\xff\x00\r\n.dot\n") == b""
    assert client.say(b".\r\n") == b"200 Message stored successfully\n"
    assert client.bodies("b@y") == [b"\xff\x00\r\ndot\n"]


def test_an_empty_mail_is_a_mail() -> None:
    client = Client()
    client.say(INTO["recipient known"] + b"DATA\n.\n")
    assert client.bodies("b@y") == [b""]


def test_a_message_cut_short_is_not_stored() -> None:
    client = Client()
    client.say(INTO["recipient known"] + b"DATA\nhalf a mess")
    assert client.dialog.unfinished == "message"
    assert client.hang_up() == b""
    assert not client.store.mailboxes()


def test_an_unterminated_line_at_the_end_of_input_is_dropped() -> None:
    client = Client()
    client.say(INTO["recipient known"] + b"DATA hello")
    assert client.hang_up() == b""
    assert not client.store.mailboxes()


@pytest.mark.parametrize("how", [b"DATA\n%b.\n", b"DATA %b"])
def test_a_message_too_large_is_read_to_its_end_and_thrown_away(how: bytes) -> None:
    client = Client(limit=100)
    client.say(INTO["recipient known"])
    fits, too_large = b"x" * 99 + b"\n", b"x" * 100 + b"\n"
    assert client.say(how % too_large).decode().splitlines()[-1] == "400 Message too large"
    assert client.dialog.state == "delivered"
    assert not client.store.mailboxes()
    client.say(INTO["recipient known"])
    assert client.say(how % fits).endswith(b"200 Message stored successfully\n")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_of_the_longest_length_is_taken_and_one_octet_more_is_not(end: bytes) -> None:
    client = Client()
    longest = b"HELO " + b"x" * 2043
    assert len(longest) == 2048
    assert client.say(longest + end) == b"200 OK\n"
    assert client.say(longest + b"x" + end + b"QUIT\n") == b"400 Line too long\n200 Goodbye\n"


def test_an_endless_line_is_answered_once_and_closed_after_64_kib() -> None:
    client = Client()
    answers = [client.say(b"A" * 1000) for _ in range(64)]
    assert b"".join(answers) == b"400 Line too long\n"
    assert not client.dialog.closing
    assert b"".join(client.say(b"A" * 1000) for _ in range(3) if not client.dialog.closing) == b""
    assert client.dialog.closing


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET\n",
        b"HEAD\r\n",
        b"POST / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\x16\x03\n",
    ],
)
def test_a_browser_or_a_tls_hello_is_closed_without_a_reply(hello: bytes) -> None:
    client = Client()
    assert client.say(hello) == b""
    assert client.dialog.closing


COMMANDS = [
    b"HELO x.example\n", b"MAIL FROM: a@x.example\r\n", b"RCPT TO: b@y\n", b"RCPT TO: c@y\n", b"DATA\n", b"DATA hi\n",
    b".\n", b".\r\n", b"..\n", b".x\n", b"text\r\n", b"\n", b"LIST b@y\n", b"GET_MAIL b@y 1\n", b"\xff\n", b"\r", b"\0",
    b"QUIT\n", b"no end", b"A" * 2050, b"B" * 2048 + b"\n", b"C" * 70000 + b"\n", b"\x16", b"\x03", b"HELO GET \n",
]  # fmt: skip


@settings(max_examples=300)
@given(stream=st.lists(st.sampled_from(COMMANDS), max_size=14).map(b"".join), places=st.lists(st.integers(0, 10**6)))
def test_any_cut_of_any_stream_gives_the_same_replies_and_mails(stream: bytes, places: list[int]) -> None:
    whole, pieces = Client(), Client()
    expected = whole.say(stream)
    got = b"".join(pieces.say(piece) for piece in cut(stream, places) if not pieces.dialog.closing)
    assert got == expected
    assert pieces.dialog.state == whole.dialog.state
    assert pieces.dialog.closing == whole.dialog.closing
    for box in ("b@y", "c@y"):
        assert [b.name for b in pieces.store.mailboxes()] == [b.name for b in whole.store.mailboxes()]
        if box in [b.name for b in whole.store.mailboxes()]:
            assert pieces.bodies(box) == whole.bodies(box)


def test_one_octet_at_a_time_is_the_same_conversation() -> None:
    stream = INTO["recipient known"] + b"DATA\r\nHello\r\n..dots\r\n.\r\nLIST b@y\r\nQUIT\r\n"
    whole, bytewise = Client(), Client()
    assert b"".join(bytewise.say(bytes([octet])) for octet in stream) == whole.say(stream)
    assert bytewise.bodies("b@y") == [b"Hello\r\n.dots\r\n"]


LINES = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\r", b".", b"..", b"x" * 40, b">===END_EMAIL==="]), max_size=20
).map(b"".join)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MessageStore]:
    store = open_store(f"file:{tmp_path_factory.mktemp('my_smtp')}/mailbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(my_smtp, "LARGE", 1)
        patch.setattr(outbox, "_LARGE", 0)
        patch.setattr(spool, "STEP", 7)
        yield store
    store.close()


@given(LINES, st.sampled_from([b"\n", b""]))
def test_a_large_mail_is_sent_as_any_other(on_disk: MessageStore, body: bytes, end: bytes) -> None:
    """From a file, step by step, in lines or to the original program: the octets on the wire are the same."""
    box, plain = f"{next(NUMBERS)}@y", open_store("memory:")
    said: list[bytes] = []
    for store in (on_disk, plain):
        store.append([box], Message(Envelope("é@x", (box,)), body, datetime(2026, 1, 2, 12, tzinfo=UTC)))
        store.contents(box)
        client = Client(store=store, framing="auto")
        said.append(client.say(b"HELO x" + end) + client.wait(1))
        pieces = [*client.dialog.receive(f"GET_MAIL {box} 1".encode() + end)]
        assert any(isinstance(each, memoryview) for each in pieces) == bool(store is on_disk and body)
        said.append(b"".join(pieces) + client.say(f"GET_MAIL {box} 2".encode() + end))
    assert said[:2] == said[2:]
