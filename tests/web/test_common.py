import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mysmtp import assets
from mysmtp.web.common import here


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("/", "/"),
        ("/mailbox/bob@example.com?before=9&done=x&every=2", "/mailbox/bob@example.com?before=9"),
        ("/mailbox/a%252Fb@x?every=2", "/mailbox/a%252Fb@x"),
        ("/mailbox/j%C3%BCrgen@x", "/mailbox/j%C3%BCrgen@x"),
        ("/?before=%22%3E%3Cscript%3E", "/?before=%22%3E%3Cscript%3E"),
    ],
)
def test_the_address_of_a_page_without_what_was_said_once(app: Flask, address: str, plain: str) -> None:
    with app.test_request_context(address):
        assert here() == plain


def test_static_files_are_asked_for_by_their_version(client: FlaskClient) -> None:
    page = client.get("/").text
    for name in ("style.css", "live.js", "favicon.svg"):
        found = re.search(rf'"(/static/{re.escape(name)}\?v=[0-9a-f]{{10}})"', page)
        assert found
        assert client.get(found[1]).data == (assets.folder("static") / name).read_bytes()


def test_two_applications_share_nothing(app: Flask, client: FlaskClient, odd_client: FlaskClient) -> None:
    assert "odd@example.com" in odd_client.get("/").text
    assert "odd@example.com" not in client.get("/").text
    assert odd_client.application is not app
