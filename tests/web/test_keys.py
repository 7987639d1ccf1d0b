import re

from flask.testing import FlaskClient

from mysmtp.web.keys import KEYS


def test_the_page_lists_every_key_and_what_it_does(client: FlaskClient) -> None:
    page = client.get("/keys").text
    assert "<h1>Keys</h1>" in page
    assert re.findall(r"<kbd>([^<]*)</kbd>", page) == [key for row in KEYS for key in row.keys]
    for row in KEYS:
        assert f"<td>{row.does}</td>" in page


def test_single_keys_are_switched_off_and_on_and_it_is_remembered(client: FlaskClient) -> None:
    assert "data-keys" not in client.get("/").text
    response = client.post("/keys", data={"keys": "off"})
    assert (response.status_code, response.location) == (303, "/keys")
    assert "single character are off." in client.get("/keys").text
    assert 'data-keys="off"' in client.get("/").text
    client.post("/keys", data={"keys": "on"})
    assert "data-keys" not in client.get("/").text


def test_the_choice_is_made_by_our_own_form_only(client: FlaskClient) -> None:
    assert client.post("/keys", data={"keys": "x"}).status_code == 400
    assert client.post("/keys", data={"keys": "off"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_every_page_leads_there(client: FlaskClient) -> None:
    assert '<a href="/keys">Keys</a>' in client.get("/").text
