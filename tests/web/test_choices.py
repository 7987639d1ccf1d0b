import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_remembered(client: FlaskClient, theme: str) -> None:
    assert "data-theme" not in client.get("/").text
    response = client.post("/theme", data={"theme": theme, "back": "/mailbox/a@x?before=4"})
    assert (response.status_code, response.location) == (303, "/mailbox/a@x?before=4")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/").text
    assert f'<html lang="en" data-theme="{theme}">' in page
    client.post("/theme", data={"theme": "auto", "back": "/"})
    assert "data-theme" not in client.get("/").text


def test_a_theme_that_is_none(client: FlaskClient) -> None:
    assert client.post("/theme", data={"theme": '"><script>'}).status_code == 400
    client.set_cookie("theme", '"><script>alert(1)</script>')
    assert "alert" not in client.get("/").text
