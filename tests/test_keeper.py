"""Who changes the mailboxes for a command: this process or the server, with the same answers."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mysmtp.errors import NoSuchMailbox, StartFailed, StoreFailed
from mysmtp.keeper import NoServer, keeper_of
from mysmtp.store.textfile import TextFileStore
from tests.process import PostOfficeProcess
from tests.store.mails import BOB, mail


class Busy(http.server.BaseHTTPRequestHandler):
    """Answers with the statuses of a list, one after the other; the last one stays."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        statuses = self.server.statuses  # type: ignore[attr-defined]
        self.send_response(statuses[0] if len(statuses) == 1 else statuses.pop(0))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(b'{"ids": [7]}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[list[int]]:
    """The statuses with which the server of tmp_path answers."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Busy)
    server.statuses = statuses = [200]  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    store = TextFileStore(tmp_path)
    store.announce(f"http://127.0.0.1:{server.server_port}")
    yield statuses
    store.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_busy_server_is_asked_again(tmp_path: Path, answers: list[int]) -> None:
    answers[:] = [503, 503, 200]
    with keeper_of(tmp_path) as keeper:
        assert list(keeper.delete(BOB, [7])) == [7]
    assert answers == [200]


@pytest.mark.parametrize(("status", "fault"), [(404, NoSuchMailbox), (500, StoreFailed), (503, StoreFailed)])
def test_what_a_server_answers_is_told_as_the_store_would(
    tmp_path: Path, answers: list[int], status: int, fault: type[Exception]
) -> None:
    answers[:] = [status]
    with keeper_of(tmp_path) as keeper, pytest.raises(fault):
        keeper.undo(BOB, None)


def test_many_ids_go_in_several_forms(start: Callable[..., PostOfficeProcess]) -> None:
    office = start()
    for _ in range(3):
        office.send(BOB)
    with keeper_of(office.mailbox) as keeper:
        assert list(keeper.delete(BOB, range(1, 5000))) == [1, 2, 3]


def test_without_a_server_the_folder_is_let_go_of_afterwards(tmp_path: Path) -> None:
    store = TextFileStore(tmp_path / "mailbox")
    store.append([BOB], mail())
    store.close()
    for _ in range(2):
        with keeper_of(tmp_path / "mailbox") as keeper:
            keeper.delete(BOB, None)
            assert list(keeper.undo(BOB, None)) == [1]


def test_no_folder_and_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(StartFailed), keeper_of(tmp_path / "nowhere"):
        pass
    store = TextFileStore(tmp_path)
    store.announce("http://192.0.2.1:80")
    with pytest.raises(NoServer), keeper_of(tmp_path):
        pass
    store.close()
