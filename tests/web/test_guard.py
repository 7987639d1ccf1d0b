import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from mysmtp.parcel import LARGEST
from mysmtp.web.guard import HEADERS, LARGEST_FORM, answers_to, largest_body, of_another_site, same_origin

NAMES = frozenset({"mail.test"})


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8025", "LOCALHOST", "127.0.0.1", "127.0.0.1:8025", "[::1]", "[::1]:8025",
        "192.168.1.7:80", "[fe80::1]:8025", "mail.test", "mail.test:8025", "MAIL.test",
    ],
)  # fmt: skip
def test_hosts_that_are_answered(host: str) -> None:
    assert answers_to(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        None, "", "evil.example", "evil.example:8025", "localhost.evil.com", "127.0.0.1.nip.io", "evil.mail.test",
        "mail.test.", "localhost@evil.example", "localhost/", "localhost:80:80", "localhost:x", "127.1", "2130706433",
        "0x7f000001", "[::1", "[evil.example]", "localhost evil", "127.0.0.1 ", "[mail.test]",
    ],
)  # fmt: skip
def test_hosts_that_are_not(host: str | None) -> None:
    assert not answers_to(host, NAMES)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8025"}, False),
        ({"Origin": "http://127.0.0.1:8025"}, True),
        ({"Origin": "https://127.0.0.1:8025"}, True),
        ({"Origin": "http://127.0.0.1:9999"}, False),
        ({"Origin": "http://127.0.0.1"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://evil.example/127.0.0.1:8025"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "ftp://127.0.0.1:8025"}, False),
        ({}, False),
    ],
)
def test_who_may_change_something(client: FlaskClient, headers: dict[str, str], ours: bool) -> None:
    assert same_origin(Headers({"Host": "127.0.0.1:8025", **headers})) is ours
    client.environ_base.pop("HTTP_SEC_FETCH_SITE")
    sent = {"Host": "127.0.0.1:8025", **headers}
    response = client.post("/theme", data={"theme": "dark", "back": "/"}, headers=sent)
    assert response.status_code == (303 if ours else 403)


def test_only_mails_from_no_other_site_may_be_large() -> None:
    ours = Headers({"Host": "127.0.0.1:8025", "Origin": "http://127.0.0.1:8025"})
    theirs = Headers({"Host": "127.0.0.1:8025", "Origin": "http://evil.example"})
    assert largest_body("/housekeeping/import", ours) > LARGEST
    for path, headers in (("/housekeeping/import", theirs), ("/housekeeping/import/", ours), ("/theme", ours)):
        assert largest_body(path, headers) == LARGEST_FORM


def test_what_shows_that_another_site_sent_it() -> None:
    host = {"Host": "127.0.0.1:8025"}
    assert not of_another_site(Headers(host))
    assert not of_another_site(Headers({**host, "Sec-Fetch-Site": "same-origin"}))
    assert not of_another_site(Headers({**host, "Origin": "http://127.0.0.1:8025"}))
    for headers in ({"Origin": "http://evil"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert of_another_site(Headers({**host, **headers}))


@pytest.mark.parametrize("host", ["evil.example:8025", "localhost.evil.com", "127.0.0.1.nip.io", "a" * 64, "a..b"])
@pytest.mark.parametrize("path", ["/", "/static/style.css", "/live", "/nothing", "/mailbox/x/1"])
def test_a_stranger_s_name_gets_421_before_anything_else(client: FlaskClient, host: str, path: str) -> None:
    response = client.get(path, headers={"Host": host})
    assert response.status_code == 421
    assert "<footer" not in response.text  # the page may be read by whoever owns that name
    assert "does not answer to" in response.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("HEAD", "/"), ("OPTIONS", "/"), ("PUT", "/"), ("GET", "/nothing"), ("GET", "/static/style.css"),
        ("GET", "/static/nothing"), ("GET", "/mailbox/nobody@x"), ("GET", "/mailbox/x?before=x"), ("POST", "/theme"),
        ("HEAD", "/live"),
    ],
)  # fmt: skip
def test_every_response_carries_the_headers(client: FlaskClient, method: str, path: str) -> None:
    response = client.open(path, method=method)
    for name, value in HEADERS:
        assert response.headers.getlist(name) == [value]
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Cache-Control" in response.headers
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.status_code != 500


def test_static_files_are_kept_by_version(client: FlaskClient) -> None:
    assert "immutable" in client.get("/static/style.css?v=1").headers["Cache-Control"]
    assert client.get("/static/style.css").headers["Cache-Control"] == "no-cache"
    assert client.get("/").headers["Cache-Control"] == "no-store"


def test_large_forms_are_refused(client: FlaskClient) -> None:
    response = client.post("/theme", data={"theme": "x" * 70_000})
    assert response.status_code == 413
    assert "Too large" in response.text
