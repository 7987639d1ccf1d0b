"""Addresses as My_SMTP takes them, and the mailbox each names. Expectations: docs/protocol.md, Commands."""

import time

import pytest

from mysmtp.address import NULL, Address, mailbox_name, parse_path, take_path
from mysmtp.errors import InvalidAddress, InvalidSyntax


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("a@x", Address("a", "x")),
        ("<a@x>", Address("a", "x")),
        ("a@b@x", Address("a@b", "x")),
        ("jürgen@example.net", Address("jürgen", "example.net")),
        ("<>", NULL),
    ],
)
def test_addresses_that_are_taken(word: str, address: Address) -> None:
    assert parse_path(word) == address


@pytest.mark.parametrize("word", ["a", "@", "a@", "@x", "<a>", "<@>"])
def test_text_is_needed_on_both_sides_of_an_at(word: str) -> None:
    with pytest.raises(InvalidAddress):
        parse_path(word)


@pytest.mark.parametrize("word", ["", "<", ">", "<a@x", "a@x>", "<<a@x>>", "Al<a@x>", "a b@x"])
def test_an_address_stands_bare_or_in_one_pair_of_brackets(word: str) -> None:
    with pytest.raises(InvalidSyntax) as fault:
        parse_path(word)
    assert not isinstance(fault.value, InvalidAddress)


def test_mailboxes_are_compared_without_ascii_case_only() -> None:
    assert mailbox_name("Bob@Example.COM") == "bob@example.com"
    assert mailbox_name("ÉCOLE@x") == "École@x"
    assert str(NULL) == ""


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("<a@x>", "a@x", ""),
        ("<a@x> SIZE=1 BODY=7BIT", "a@x", "SIZE=1 BODY=7BIT"),
        ("a@x SIZE=1", "a@x", "SIZE=1"),
        ("<>", "", ""),
        ("<> RET=HDRS", "", "RET=HDRS"),
        ("<@one.example,@two.example:joe@three.example>", "joe@three.example", ""),
        ("<@one:joe@three>", "joe@three", ""),
        ("<Postmaster>", "Postmaster", ""),
        ("<o'neil+tag/x=y@my_host.local>", "o'neil+tag/x=y@my_host.local", ""),
        ('<"a b > c"@x> SIZE=1', '"a b > c"@x', "SIZE=1"),
        ('<"bob"@x>', "bob@x", ""),
        ('<"b\\ob"@x>', "bob@x", ""),
        ('<"a.b"@x>', "a.b@x", ""),
        ('<".a"@x>', '".a"@x', ""),
        ('<"a@b"@x>', '"a@b"@x', ""),
        ('<"\\"\\\\\\q"@x>', '"\\"\\\\q"@x', ""),
        ('<""@x>', '""@x', ""),
        ("<a@[127.0.0.1]>", "a@[127.0.0.1]", ""),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
        ("<jürgen@bücher.example>", "jürgen@bücher.example", ""),
        (f"<{'l' * 64}@{'.'.join(['d' * 63] * 3)}.{'d' * 63}>", f"{'l' * 64}@{'.'.join(['d' * 63] * 4)}", ""),
    ],
)
def test_paths_of_smtp(text: str, address: str, rest: str) -> None:
    path, following = take_path(text)
    assert (str(path), following) == (address, rest)


@pytest.mark.parametrize(
    "text",
    [
        "", "<", "<a>", "a", "<a@>", "<@x>", "<a@x", "a@x>", "<a@x>SIZE=1", "<a b@x>", "<a@x y>", "<<a@x>>",
        "Al <a@x>", "<a..b@x>", "<.a@x>", "<a.@x>", "<a@x.>", "<a@.x>", "<a@-x>", "<a@x->", "<a@x..y>", "<a@b@x>",
        '<"a@x>', '<"a"b"@x>', "<a@[1.2.3]>", "<a@[256.0.0.1]>", "<a@[IPv6:1::2::3]>", "<a@[x]>", "<a@[]>",
        "<a,b@x>", "<a;b@x>", "< a@x>", "<a@x >", "<@:a@x>", "<@x,a@x>", "< >",
    ],
)  # fmt: skip
def test_what_is_no_path_of_smtp(text: str) -> None:
    with pytest.raises(InvalidAddress):
        take_path(text)


def test_one_mailbox_however_its_local_part_is_quoted() -> None:
    spellings = ['"Bob"@X.example', "bob@x.example", '"b\\ob"@x.EXAMPLE']
    assert {mailbox_name(str(take_path(f"<{each}>")[0])) for each in spellings} == {"bob@x.example"}


@pytest.mark.parametrize(
    "text", ["<" + '"' * 2000, '<"' + "\\" * 2000, "<" + "a." * 1000 + "@", "<" + "@a," * 700, "a-" * 1000]
)
def test_no_address_takes_long_to_refuse(text: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidAddress):
        take_path(text)
    assert time.process_time() - began < 0.5
