"""What those who watch over the server read, and what every page says while something is wrong."""

import pytest
from flask.testing import FlaskClient

from mysmtp.powers import Watchful
from mysmtp.web.presenting_lists import troubles_about
from tests.web.posts import OddStore

ODD = "odd@example.com takes no mail until its file is verified"
DISK = "the disk is full: no mail is taken"


def test_the_process_lives_whatever_is_wrong(odd_client: FlaskClient, odd_store: OddStore) -> None:
    odd_store.wrong = [DISK]
    response = odd_client.get("/livez")
    assert (response.status_code, response.text) == (200, "ok\n")


def test_ready_when_nothing_is_wrong(odd_client: FlaskClient, odd_store: OddStore) -> None:
    assert isinstance(odd_store, Watchful)
    response = odd_client.get("/readyz")
    assert (response.status_code, response.text) == (200, "ready\n")


def test_a_store_that_watches_nothing_is_ready(client: FlaskClient) -> None:
    assert client.get("/readyz").text == "ready\n"


def test_one_line_a_trouble(odd_client: FlaskClient, odd_store: OddStore) -> None:
    odd_store.wrong = [ODD, DISK]
    response = odd_client.get("/readyz")
    assert (response.status_code, response.text) == (503, f"{ODD}\n{DISK}\n")


def test_a_name_cannot_make_a_line_of_its_own(odd_client: FlaskClient, odd_store: OddStore) -> None:
    odd_store.wrong = ["a\nready\x1b[2J\udcff@x is damaged", "x" * 5000]
    first, second = odd_client.get("/readyz").text.splitlines()
    assert first == "a\\x0aready\\x1b[2J\\xff@x is damaged"
    assert len(second) < 400


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_plain_and_never_kept(odd_client: FlaskClient, path: str) -> None:
    response = odd_client.get(path)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    head = odd_client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(response.data)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = odd_client.open(path, method=method)
        assert refused.status_code == 405
        assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/", "/mailbox/odd@example.com/3", "/mailbox/nobody@x", "/nothing"])
def test_every_page_says_what_is_wrong(odd_client: FlaskClient, odd_store: OddStore, path: str) -> None:
    assert "Trouble" not in odd_client.get(path).text
    odd_store.wrong = [ODD, "<b>bad</b>"]
    page = odd_client.get(path).text
    assert f"<p><b>Trouble:</b> <bdi>{ODD}</bdi></p>" in page
    assert "<bdi>&lt;b&gt;bad&lt;/b&gt;</bdi>" in page
    assert page.index('id="troubles" class="troubles" role="status"') < page.index(ODD) < page.index("<main")


def test_on_the_page_of_its_mailbox_a_trouble_stands_above_the_rows(
    odd_client: FlaskClient, odd_store: OddStore
) -> None:
    odd_store.wrong = [DISK, ODD]
    page = odd_client.get("/mailbox/odd@example.com").text
    assert page.count(ODD) == page.count(DISK) == 1
    assert page.index(DISK) < page.index("<h1") < page.index(ODD) < page.index('class="mails"')


def test_of_many_troubles_the_page_counts_the_rest(odd_client: FlaskClient, odd_store: OddStore) -> None:
    odd_store.wrong = [f"box{number}@x is damaged" for number in range(17)]
    page = odd_client.get("/").text
    assert page.count("is damaged") == 5
    assert '12 more stand in <a href="/readyz">' in page


def test_a_stranger_is_not_told(odd_client: FlaskClient, odd_store: OddStore) -> None:
    odd_store.wrong = [ODD]
    for path in ("/", "/readyz", "/livez"):
        response = odd_client.get(path, headers={"Host": "evil.example"})
        assert response.status_code == 421
        assert ODD not in response.text


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ("bob@x is damaged", True),
        ("damaged: bob@x", True),
        ("two are damaged: al@x, bob@x.", True),
        ("the file of bob@x: damaged", True),
        ("bob@x.example is damaged", False),
        ("jim.bob@x is damaged", False),
        ("the disk is full", False),
    ],
)
def test_whom_a_trouble_is_about(line: str, about: bool) -> None:
    own, others = troubles_about("bob@x", [line])
    assert (own, others) == (((line,), ()) if about else ((), (line,)))


def test_whom_a_trouble_is_about_when_the_name_is_a_pattern() -> None:
    assert troubles_about("b.*(@x", ["bob@x is damaged", "b.*(@x is damaged"])[0] == ("b.*(@x is damaged",)
