"""Real sockets against a server in this process; gevent runs in a thread of its own, so nothing here is patched."""

import logging
import socket
import struct
from collections.abc import Iterator

import gevent
import gevent.socket
import pytest
from flask import Flask

from mysmtp.events import Bus, MailboxChanged
from mysmtp.web.wsgi import Handler
from tests.web.served import Served

HEAD = b"Host: localhost\r\n"


@pytest.fixture
def served(app: Flask) -> Iterator[Served]:
    server = Served(app)
    yield server
    server.stop()


def test_pages_over_one_connection(served: Served) -> None:
    answer = served.ask(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\nGET /nothing HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 404 NOT FOUND\r\n" in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: 4, 4\r\n\r\nabcd",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: +4\r\n\r\nabcd",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: 1_0\r\n\r\n",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET / HTTP/1.1\nHost: localhost\n\n",
        b"GET / HTTP/1.1\r\nHost: localhost\n\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + HEAD + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + b"no colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\0b\r\n\r\n",
        b"GET /\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET nothing HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET https://localhost/ HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET http:///nothing HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET http://localhost/ HTTP/1.1\r\n\r\n",
        b"CONNECT localhost:25 HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET / HTTP/3.0\r\n" + HEAD + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"y" * 40_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"HELO example.com\r\n",
    ],
)  # fmt: skip
def test_what_two_readers_could_read_differently_is_refused(served: Served, request_: bytes) -> None:
    answer = served.ask(request_ + b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Content-Security-Policy: " in answer


def test_a_chunked_form_is_a_form(served: Served) -> None:
    body = b"theme=dark&back=/x"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = HEAD + b"Origin: http://localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    answer = served.ask(b"POST /theme HTTP/1.1\r\n" + head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"Location: /x\r\n" in answer


def test_a_long_address(served: Served) -> None:
    answer = served.ask(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_a_large_body_hears_413_and_is_not_read(served: Served, how: str) -> None:
    head = b"POST /theme HTTP/1.1\r\n" + HEAD + b"Origin: http://localhost\r\n"
    size = 200_000
    if how == "length":
        answer = served.ask(head + b"Content-Length: %d\r\n\r\n" % size, b"x" * size)
    else:
        answer = served.ask(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size, b"x" * size, b"\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Too large" in answer


def test_requests_that_never_end_are_let_go(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEADER_DEADLINE", "BODY_DEADLINE", "IDLE"):
        monkeypatch.setattr(f"mysmtp.web.wsgi.{name}", 0.05)
    served = Served(app)
    starts = (
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: ",
        b"GET",
        b"POST /theme HTTP/1.1\r\n" + HEAD + b"Content-Length: 9\r\n\r\nx",
    )
    for start in starts:
        with served.connect() as client:
            client.sendall(start)
            assert client.recv(100) == b""
    served.stop()


def test_without_a_host(served: Served) -> None:
    assert served.ask(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        (b"http://localhost/", b"localhost", b"200"),
        (b"HTTP://127.0.0.1:8025", b"localhost", b"200"),
        (b"http://localhost?every=2", b"localhost", b"200"),
        (b"http://localhost/nothing", b"localhost", b"404"),
        (b"http://localhost/", b"evil.example", b"200"),  # the target counts, whatever Host says
        (b"http://evil.example/", b"localhost", b"421"),
        (b"http://localhost@evil.example/", b"localhost", b"421"),
        (b"http://evil.example@localhost/", b"localhost", b"421"),
    ],
)
def test_a_target_that_names_its_host(served: Served, target: bytes, host: bytes, status: bytes) -> None:
    answer = served.ask(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_only_a_page_of_the_host_that_the_target_names_may_change_something(served: Served) -> None:
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\ntheme=dark"
    for origin, status in ((b"localhost", b"303"), (b"127.0.0.1", b"403")):
        head = b"Host: 127.0.0.1\r\nOrigin: http://" + origin + b"\r\n"
        answer = served.ask(b"POST http://localhost/theme HTTP/1.1\r\n" + head + form)
        assert answer.startswith(b"HTTP/1.1 " + status)


def test_answers_are_not_held_back_to_fill_a_packet(served: Served) -> None:
    chosen: list[int] = []

    class Noting(Handler):
        def handle(self) -> None:
            chosen.append(self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().handle()

    served.server.handler_class = Noting
    assert served.ask(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n").startswith(b"HTTP/1.1 200 ")
    assert [bool(each) for each in chosen] == [True]


def test_stopping_ends_the_feed_at_once(app: Flask, bus: Bus) -> None:
    served = Served(app)
    with served.connect() as client:
        client.sendall(b"GET /live HTTP/1.1\r\n" + HEAD + b"\r\n")
        received = b""
        while b": listening" not in received:
            received += client.recv(4096)
        served.stop()
        while piece := client.recv(4096):
            received += piece
    assert received.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_client_that_goes_is_forgotten_at_once(app: Flask, served: Served, how: str) -> None:
    live = app.extensions["mysmtp"].live
    with served.connect() as client:
        client.sendall(b"GET /live HTTP/1.1\r\n" + HEAD + b"\r\n")
        while b": listening" not in client.recv(4096):
            pass
        assert live.listening == 1
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def wait() -> None:  # nothing is sent meanwhile: signs of life have all the time
        with gevent.Timeout(10):
            while live.listening:
                gevent.sleep(0.001)

    served.call(wait)
    assert live.listening == 0


def test_one_who_listens_may_go_on_to_ask_behind_it(app: Flask, bus: Bus, served: Served) -> None:
    with served.connect() as client:
        client.sendall(b"GET /live HTTP/1.1\r\n" + HEAD + b"\r\nGET /livez HTTP/1.1\r\n" + HEAD + b"\r\n")
        received = b""
        while b": listening" not in received:
            received += client.recv(4096)
        served.call(lambda: bus.publish(MailboxChanged(0, "x")))
        while b"event: changed" not in received:
            received += client.recv(4096)


def test_a_client_that_is_gone_when_its_request_is_refused_is_no_error(served: Served) -> None:
    told: list[object] = []

    def handle() -> None:
        ours = gevent.socket.socket(fileno=accepted.detach())
        ours.shutdown(socket.SHUT_WR)  # nothing more can be sent
        told.append(served.server.handle(ours, ("127.0.0.1", 1)))

    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        client.sendall(b"no request\r\n\r\n")
        served.call(handle)
    assert told == [None]


def test_paths_in_the_log_cannot_steer_a_terminal(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "mysmtp.web.wsgi")
    served.ask(b"GET /\x1b[2J HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "GET /\\x1b[2J" in text
    assert "\x1b" not in text
