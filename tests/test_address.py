"""Addresses as My_SMTP takes them, and the mailbox each names. Expectations: docs/protocol.md, Commands."""

import pytest

from mysmtp.address import NULL, Address, mailbox_name, parse_path
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
