import logging

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.errors import StoreFailed
from mysmtp.message import MailboxSummary
from tests.web.posts import message

BOB = "bob@example.com"


@pytest.fixture(autouse=True)
def one_mail(store: MessageStore) -> None:
    store.append([BOB], message("Hello\n"))


def test_no_mailbox_names_the_nearest(client: FlaskClient) -> None:
    response = client.get("/mailbox/bob@exmaple.com")
    assert response.status_code == 404
    assert "No mailbox bob@exmaple.com" in response.text
    assert '<span class="code k4">401</span> Requested email does not exist' in response.text
    assert 'Nearest: <a href="/mailbox/bob@example.com">bob@example.com</a>' in response.text
    assert 'data-kind="missing"' in response.text


def test_the_nearest_of_many_mailboxes_stands_beside_the_name(client: FlaskClient, store: MessageStore) -> None:
    for number in range(300):
        store.append([f"box{number:03}@example.com"], message("Hello\n"))
    page = client.get("/mailbox/box150@example.con").text
    assert 'Nearest: <a href="/mailbox/box150@example.com">' in page


def test_no_mailbox_and_none_near(client: FlaskClient) -> None:
    page = client.get("/mailbox/zzz").text
    assert "Nearest" not in page
    assert '<a href="/">Mailboxes</a>' in page


def test_a_very_long_name_does_not_fill_the_page(client: FlaskClient) -> None:
    page = client.get(f"/mailbox/{'x' * 4000}").text
    assert "x" * 101 not in page.replace("/mailbox/" + "x" * 4000, "")
    assert f"No mailbox {'x' * 100}… (4,000 characters)" in page


def test_no_mail_says_which_there_are(client: FlaskClient) -> None:
    response = client.get(f"/mailbox/{BOB}/7")
    assert response.status_code == 404
    assert "No mail 7 in bob@example.com" in response.text
    assert '<span class="code k4">401</span> Email not found' in response.text
    assert "It was deleted or never was; ids are not given twice. Here: 1 to 1." in response.text


def test_a_damaged_mail_shows_its_bytes(odd_client: FlaskClient) -> None:
    response = odd_client.get("/mailbox/odd@example.com/2")
    assert response.status_code == 500
    assert '<span class="code k5">500</span> Failed to read message' in response.text
    assert "===START_EMAIL=== id=2" in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/mailbox/", "/mailbox", "/mailbox/..%2f..", "/mailbox/..%2f..%2fetc%2fpasswd", "/mailbox/%00",
        "/mailbox/..%252f..%252fetc", "/mailbox/%ff%fe", "/mailbox/x/-1", "/mailbox/x/１", "/mailbox/x/4294967297",
        "/mailbox/x/99999999999999999999", f"/mailbox/{BOB}/0", f"/mailbox/{BOB}/４", f"/mailbox/{BOB}/{'9' * 5000}",
        f"/mailbox/{BOB}/{'9' * 18}", f"/mailbox/{'x' * 4000}", "/static/../app.py", "/static/%2e%2e/app.py",
        "/mailbox/%0d%0aSet-Cookie:x", "/mailbox/%ED%A0%80", "/mailbox/%E2%80%AE",
    ],
)  # fmt: skip
def test_odd_addresses_are_not_found_and_nothing_more(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "Traceback" not in response.text


def test_a_leading_zero_is_the_same_mail(client: FlaskClient) -> None:
    assert client.get(f"/mailbox/{BOB}/01").status_code == 200


def test_another_method(client: FlaskClient) -> None:
    response = client.post("/")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "Nothing was changed" in response.text


def test_another_site(client: FlaskClient) -> None:
    response = client.post(f"/mailbox/{BOB}/1/delete", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert "Refused: this request came from another site" in response.text


def test_a_failure_tells_a_reference_and_no_more(odd_client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    response = odd_client.post("/mailbox/odd@example.com/3/delete")
    assert response.status_code == 500
    assert "This page failed" in response.text
    for secret in ("/var/lib", "RuntimeError", "Traceback", ".py"):
        assert secret not in response.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    reference = record.getMessage().partition("reference ")[2][:6]
    assert f"The log has the cause under {reference}." in response.text
    assert record.exc_info is not None
    assert "a secret of /var/lib" in str(record.exc_info[1])


def test_a_store_that_fails(
    client: FlaskClient, store: MessageStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> list[MailboxSummary]:
        raise StoreFailed("disk")

    monkeypatch.setattr(store, "mailboxes", fail)
    response = client.get("/")
    assert response.status_code == 500
    assert "Mail answered with 200 is safe on disk." in response.text
    assert caplog.records
