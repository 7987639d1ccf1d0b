from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, Rule

from mysmtp.web.urls import MailboxConverter, MailIdConverter, local_path, mail_key, mail_of, pack, unpack

NAMES = [
    "bob@example.com",
    "a/7@x",
    "a%2Fb@x",
    "50%@x",
    ".",
    "..",
    "../../etc/passwd@x",
    "jürgen@example.net",
    "a?b#c@x",
    "a\\b@x",
    'q"<>&@x',
    "a@x/7",
    "\udcff@x",
    "a b+c@x",
    "%",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_survive(name: str) -> None:
    assert unpack(pack(name)) == name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_survives_as_one_segment(name: str) -> None:
    assert "/" not in pack(name)
    assert unpack(pack(name)) == name


@pytest.mark.parametrize("name", [name for name in NAMES if name == name.lower()])
def test_names_survive_an_address(name: str) -> None:
    urls = Map(
        [Rule("/m/<mailbox:name>/<id:id>", endpoint="x")],
        converters={"mailbox": MailboxConverter, "id": MailIdConverter},
        merge_slashes=False,
    )
    adapter = urls.bind("h")
    address = adapter.build("x", {"name": name, "id": 7})
    assert address.count("/") == 3
    assert address.isascii()
    # Every server undoes the outer encoding before the application sees a path.
    assert adapter.match(unquote(address)) == ("x", {"name": name, "id": 7})


@pytest.mark.parametrize("name", ["bob@example.com", "a/7@x", "..", "50%@x", "a b@x", "\udcff@x"])
def test_a_mail_as_one_value_comes_back(name: str) -> None:
    key = mail_key(name, 14)
    assert key.isascii()
    assert key.isprintable()
    assert mail_of(key) == (name, 14)


@pytest.mark.parametrize(
    "key", ["", "/", "bob@x", "bob@x/", "/14", "bob@x/x", "bob@x/-1", "bob@x/１", f"b@x/{'9' * 19}"]
)
def test_a_value_that_is_no_mail(key: str) -> None:
    assert mail_of(key) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:alert(1)",
        "",
        "x",
        "/a\r\nb: c",
    ],
)
def test_no_form_sends_its_reader_elsewhere(address: str) -> None:
    assert local_path(address) == "/"
