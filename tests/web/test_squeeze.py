import gzip
import re

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.web.squeeze import LEAST
from tests.web.letters import rich
from tests.web.posts import message

TAKES = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def full(store: MessageStore) -> MessageStore:
    for number in range(50):
        body = f"Subject: Mail {number} of fifty\n\nAnd some words of it, as mails have them, number {number}\n"
        store.append(["bob@x"], message(body, sender=f"someone.{number}@example.com"))
    return store


@pytest.mark.parametrize("path", ["/", "/mailbox/bob@x", "/all", "/static/style.css"])
def test_who_takes_it_gets_the_same_in_less(client: FlaskClient, full: MessageStore, path: str) -> None:
    plain, small = client.get(path), client.get(path, headers=TAKES)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"] == small.headers["Vary"]
    assert gzip.decompress(small.data) == plain.data
    assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data) / 2
    assert client.get(path, headers={"Accept-Encoding": "gzip;q=0"}).data == plain.data
    assert small.headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


def test_what_came_with_a_mail_and_small_or_lasting_things_go_as_they_are(
    client: FlaskClient, full: MessageStore
) -> None:
    for path in ("/mailbox/bob@x/7/body", "/icon/3.svg", "/nothing", "/static/favicon.svg"):
        assert "Content-Encoding" not in client.get(path, headers=TAKES).headers, path
    stream = client.get("/live", headers=TAKES, buffered=False)
    assert "Content-Encoding" not in stream.headers
    stream.close()


def test_the_html_of_a_mail_and_what_would_take_long_go_as_they_are(
    client: FlaskClient, store: MessageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(["bob@x"], message(rich(f"<p>{'Hello ' * 1000}").decode()))
    html = client.get("/mailbox/bob@x/1/page", headers=TAKES)
    assert (html.mimetype, "Content-Encoding" in html.headers) == ("text/html", False)
    assert "Content-Encoding" in client.get("/mailbox/bob@x/1", headers=TAKES).headers
    monkeypatch.setattr("mysmtp.web.squeeze.MOST", LEAST + 1)
    assert "Content-Encoding" not in client.get("/mailbox/bob@x/1", headers=TAKES).headers


def test_a_static_file_is_not_sent_twice(client: FlaskClient) -> None:
    page = client.get("/").text
    address = re.search(r'href="(/static/style.css[^"]+)"', page)
    assert address
    first = client.get(address[1], headers=TAKES)
    assert first.headers["ETag"] != client.get(address[1]).headers["ETag"], "other octets, another tag"
    assert client.get(address[1], headers=TAKES).data == first.data
    again = client.get(address[1], headers={**TAKES, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) in ((304, b""), (200, first.data))
    assert "immutable" in first.headers["Cache-Control"]


def test_the_first_page_of_a_full_list_is_less_than_60_kb_with_all_it_needs(
    client: FlaskClient, full: MessageStore
) -> None:
    response = client.get("/mailbox/bob@x", headers=TAKES)
    page = gzip.decompress(response.data).decode()
    needed = set(re.findall(r'(?:href|src)="(/static/[^"]+|/icon/[^"]+)"', page))
    assert len(needed) >= 3
    sizes = [len(client.get(path.replace("&amp;", "&"), headers=TAKES).data) for path in needed]
    assert len(response.data) + sum(sizes) < 60_000
    assert page.count("data-id") == 50
