"""Lists of addresses: what is shown is where the mail goes (threat T74)."""

import time
import unicodedata
from email.utils import formataddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.addresses import Mailbox, read_addresses
from mysmtp.mime.limits import Limits


@pytest.mark.parametrize(
    ("written", "boxes"),
    [
        ("bob@x", [("", "bob@x")]),
        ("<bob@x>", [("", "bob@x")]),
        ("Bob <bob@x>, Al <al@x>", [("Bob", "bob@x"), ("Al", "al@x")]),
        ('"Builder, Bob" <bob@x>', [("Builder, Bob", "bob@x")]),
        (r'"a \"b\" c" <bob@x>', [('a "b" c', "bob@x")]),
        ('Bob "the \\\\ builder" B. <bob@x>', [("Bob the \\ builder B.", "bob@x")]),
        ("bob@x (Bob (the) Builder)", [("Bob (the) Builder", "bob@x")]),
        ("Bob (x) <bob@x>", [("Bob", "bob@x")]),
        ("Bob\r\n <bob@x>", [("Bob", "bob@x")]),
        ('"john doe"@e.com', [("", '"john doe"@e.com')]),
        ('<"a>b"@e.com>', [("", '"a>b"@e.com')]),
        ("bob @ x", [("", "bob@x")]),
        ("<@a,@b:bob@x>", [("", "bob@x")]),
        ("u@[IPv6:2001:db8::1]", [("", "u@[IPv6:2001:db8::1]")]),
        ("=?utf-8?q?J=C3=B6rg?= <j@x>", [("Jörg", "j@x")]),
        ("=?utf-8?q?B=C3=B6b,_Al?= <j@x>", [("Böb, Al", "j@x")]),
        ("jörg@grüße.example", [("", "jörg@grüße.example")]),
        ("Bob bob@x", [("Bob", "bob@x")]),
        ("just some words", [("just some words", "")]),
        ("bob", [("", "bob")]),
        ("", []),
        (",, ;", []),
        ("<>", [("", "")]),
        ("undisclosed-recipients:;", []),
        ("test@Рaypal.com", [("", "test@Рaypal.com")]),
    ],
)
def test_mailboxes(written: str, boxes: list[tuple[str, str]]) -> None:
    assert [(box.name, box.address) for box in read_addresses(written.encode()).mailboxes] == boxes


@pytest.mark.parametrize(
    ("written", "boxes"),
    [
        (
            b"=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?==?utf-8?b?cG90dXM=?=@mailsploit.com",
            [("", "=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?==?utf-8?b?cG90dXM=?=@mailsploit.com")],
        ),
        (
            b'"Someone" <valid@example.net>:<attacker@example.org>',
            [("Someone", "valid@example.net"), ("", "attacker@example.org")],
        ),
        (b"alice@example.org)bob@example.com", [("", "alice@example.org)bob@example.com")]),  # CVE-2023-27043
        (b"<alice@example.org><bob@example.com>", [("", "alice@example.org"), ("", "bob@example.com")]),
        (b"=?utf-8?q?ceo=40x.com_=3Cceo=40x.com=3E?= <eve@e>", [("ceo@x.com <ceo@x.com>", "eve@e")]),
        (b"=?utf-8?q?=E2=80=AEmoc?= <eve@e>", [("\\u202emoc", "eve@e")]),
        (b"a\0b <eve\0@e>", [("a\\x00b", "eve\\x00@e")]),
    ],
)
def test_what_deceives_other_readers(written: bytes, boxes: list[tuple[str, str]]) -> None:
    assert [(box.name, box.address) for box in read_addresses(written).mailboxes] == boxes


def test_groups() -> None:
    boxes = read_addresses(b"Team: a@x, B <b@x>; c@x").mailboxes
    assert list(boxes) == [Mailbox("", "a@x", "Team"), Mailbox("B", "b@x", "Team"), Mailbox("", "c@x")]


@pytest.mark.parametrize(
    ("name", "deceptive"), [("ceo@x.com", True), ("Bob", False), ("eve@e", False), ("EVE@E via x", False), ("@e", True)]
)
def test_a_name_that_looks_like_another_address(name: str, deceptive: bool) -> None:
    assert Mailbox(name, "eve@e").deceptive is deceptive


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)
LOCAL_PARTS = st.text(st.sampled_from("abc.+-_'0"), min_size=1, max_size=10)


@given(st.lists(st.tuples(NAMES, LOCAL_PARTS), min_size=1, max_size=5))
def test_what_python_writes_is_read(people: list[tuple[str, str]]) -> None:
    pairs = [(name, f"{local}@example.com") for name, local in people]
    written = ", ".join(formataddr(pair) for pair in pairs)
    assert [(box.name, box.address) for box in read_addresses(written.encode()).mailboxes] == pairs


@given(st.one_of(st.binary(max_size=300), st.text(st.sampled_from('<>()"\\,;:@[] ab='), max_size=300).map(str.encode)))
def test_any_octets_are_read_and_safe_to_show(octets: bytes) -> None:
    for box in read_addresses(octets).mailboxes:
        shown = box.name + box.address + box.group
        assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Co", "Zl", "Zp"}


def test_more_than_the_cap_is_not_shown_and_told() -> None:
    found = read_addresses(b"a@b," * 50, Limits(addresses=10))
    assert len(found.mailboxes) == 10
    assert found.problems == ("more than 10 addresses; the others are not shown",)


@pytest.mark.parametrize(
    "piece", ["(", "()", '"', '"\\', '<"', "<", "[", "@", "a ", ":", "=?a?q?", '<"\\"', "a@", "<> "]
)
def test_the_time_grows_with_the_length_only(piece: str) -> None:
    octets = piece.encode() * 50_000
    begun = time.process_time()
    read_addresses(octets, Limits(addresses=10**9, field=10**6))
    assert time.process_time() - begun < 5  # under half a second


@pytest.mark.parametrize("shared", [b'"%b" ', b"%b: "])
def test_a_name_that_many_addresses_share_is_said_short(shared: bytes) -> None:
    found = read_addresses(shared % (b"x" * 20_000) + b"<a@b>" * 900).mailboxes
    assert len(found) == 900
    assert sum(len(box.name) + len(box.group) for box in found) < 900 * 300
    assert (found[0].name + found[0].group).startswith("x" * 200)
