import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest

from mysmtp.client import connection as module
from mysmtp.client.connection import Connection, NoConnection, connect, unstuffed
from mysmtp.client.session import ask
from mysmtp.client.wire import WireLog
from tests.client.servers import Lines, Original, Scripted

Hear = Callable[[], bytes]
Say = Callable[[bytes], None]


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = Connection(ours, "test:1")
        link.patience = 5.0
        yield link, theirs


def test_a_first_reply_with_a_newline_settles_lines(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    server.sendall(b"200 OK\n")
    answer = link.reply()
    assert (link.kind, answer.code, answer.text, answer.body) == ("lines", 200, "OK", None)


def test_a_first_reply_without_a_newline_settles_the_original(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    server.sendall(b"403 Send HELO first")
    assert link.reply().line == "403 Send HELO first"
    assert link.kind == "original"


def test_a_reply_in_single_octets_is_still_lines(
    pair: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEWLINE_TIME", 5.0)
    link, server = pair
    real = link._socket

    class OneByOne:
        def recv(self, _: int) -> bytes:
            return real.recv(1)

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

    link._socket = OneByOne()  # type: ignore[assignment]
    server.sendall(b"200 OK\n..x\na\n.\n")
    answer = link.reply(with_body=True)
    assert (link.kind, answer.body) == ("lines", b".x\na\n")


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b"200 OK\n.\n", b""),
        (b"200 OK\na\n.\n", b"a\n"),
        (b"200 OK\n..\n.\n", b".\n"),
        (b"200 OK\n...\n..a\nb.\n.c\n.\n", b"..\n.a\nb.\nc\n"),
        (b"200 OK\na\r\n..\r\n\r\n.\n", b"a\r\n.\r\n\r\n"),
        (b"200 OK\n\n\n.\n", b"\n\n"),
        (b"200 OK\r\na\n.\r\n", b"a\n"),
        (b"200 OK\na\r.\nb\n.\n", b"a\r.\nb\n"),
    ],
)
def test_bodies_end_at_the_lone_dot_and_lose_their_extra_dots(
    pair: tuple[Connection, socket.socket], wire: bytes, body: bytes
) -> None:
    link, server = pair
    server.sendall(wire + b"200 Goodbye\n")
    assert link.reply(with_body=True).body == body
    assert link.reply().text == "Goodbye"


def test_a_body_that_forges_a_reply_is_still_a_body(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    server.sendall(b"200 OK\n200 OK\n1: Email from boss@x (01-01-2025)\n..\n.\n")
    assert link.reply(with_body=True).body == b"200 OK\n1: Email from boss@x (01-01-2025)\n.\n"


def test_a_large_body_arrives_whole() -> None:
    mail = b"x" * 70 + b"\n"

    def script(hear: Hear, say: Say) -> None:
        hear()
        say(b"200 OK\n" + mail * 100_000 + b".\n")

    with Scripted(script) as server, contextlib.closing(server.connect()) as link:
        link.send(b"GET_MAIL b 1\n")
        assert link.reply(with_body=True).body == mail * 100_000


def test_no_body_follows_a_refusal(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    server.sendall(b"401 Email not found\n200 OK\n")
    refused = link.reply(with_body=True)
    assert (refused.line, refused.body) == ("401 Email not found", None)
    assert link.reply().line == "200 OK"
    assert not link.has_unread()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "closed the connection without a reply"),
        (b"200 OK\n1: Em", "closed the connection in the middle of a mail or list"),
    ],
)
def test_a_server_that_goes_away_is_told_in_words(said: bytes, words: str) -> None:
    def script(hear: Hear, say: Say) -> None:
        hear()
        say(said)

    with Scripted(script) as server, contextlib.closing(server.connect()) as link:
        link.send(b"LIST b\n")
        with pytest.raises(NoConnection, match=words):
            link.reply(with_body=True)


def test_going_away_in_the_middle_of_a_later_reply_is_told(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    server.sendall(b"200 OK\n200 O")
    link.reply()
    server.close()
    with pytest.raises(NoConnection, match="in the middle of a reply"):
        link.reply()


def test_silence_is_given_up_in_words(pair: tuple[Connection, socket.socket]) -> None:
    link, _ = pair
    link.patience = 0.01
    with pytest.raises(NoConnection, match=r"test:1 has been silent for 0\.01 s without a reply"):
        link.reply()


def test_an_endless_line_is_no_reply(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    server.sendall(b"200 OK\n")
    link.reply()
    server.settimeout(30)
    link._unread += b"x" * module.LINE_LIMIT
    server.sendall(b"x")
    with pytest.raises(NoConnection, match="no My_SMTP server"):
        link.reply()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoConnection, match=rf"no connection to 127\.0\.0\.1:{port}: connection refused; is the server"):
        connect("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 300, "\udcff"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(NoConnection, match="no connection to"):
        connect(host, 2525)


def test_last_words_are_read_though_the_server_has_hung_up() -> None:
    with Scripted(lambda hear, say: say(b"500 Server busy\n")) as server, contextlib.closing(server.connect()) as link:
        assert ask(link, "HELO x").line == "500 Server busy"


def test_the_first_command_is_said_again_without_newline_to_the_original() -> None:
    with Original() as server, contextlib.closing(server.connect()) as link:
        assert ask(link, "helo  example.com ").ok
        assert ask(link, "mail from:a@example.com").ok
        assert ask(link, "quit").text == "Goodbye"
        assert server.received == [
            b"helo  example.com \n", b"HELO example.com", b"MAIL FROM: a@example.com", b"QUIT",
        ]  # fmt: skip


def test_a_server_of_lines_gets_what_was_typed() -> None:
    with Lines() as server, contextlib.closing(server.connect()) as link:
        assert ask(link, "helo  example.com ").ok
        assert ask(link, "mail from:a@example.com").ok
        assert server.commands == [b"helo  example.com \n", b"mail from:a@example.com\n"]


def test_nul_octets_that_c_sends_are_no_text() -> None:
    with Original(nul=True) as server, contextlib.closing(server.connect()) as link:
        assert ask(link, "HELO x").line == "200 OK"
        assert ask(link, "LIST b@x").line == "401 Requested email does not exist"


def test_unasked_words_and_the_closing_are_noticed(pair: tuple[Connection, socket.socket]) -> None:
    link, server = pair
    assert not link.ended()
    server.sendall(b"500 Idle too long\n500 no newl")
    server.close()
    assert link.ended()
    assert [link.overheard(), link.overheard(), link.overheard()] == [b"500 Idle too long", b"500 no newl", None]


def test_the_wire_is_told_line_by_line() -> None:
    lines: list[str] = []
    with Lines(LIST=b"200 OK\n..a\x1b\n.\n") as server:
        link = connect("127.0.0.1", server.port, WireLog(lines.append))
        ask(link, "LIST b")
        link.close()
    assert lines == ["C: LIST b\\n", "S: 200 OK\\n", "S: ..a\\x1b\\n", "S: .\\n"]


def test_unstuffed() -> None:
    assert unstuffed(b"") == b""
    assert unstuffed(b"..\n..a\nb\n") == b".\n.a\nb\n"
