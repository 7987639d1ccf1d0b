import hashlib

import pytest

from mysmtp.store.names import abbreviated, cut_name, file_name, mailbox_of, plain_name


@pytest.mark.parametrize(
    ("mailbox", "file"),
    [
        ("bob@example.com", "bob@example.com.txt"),
        ("bob", "bob.txt"),
        ("a@x.txt", "a@x.txt.txt"),
        ("a b@x", "a%20b@x.txt"),
        ("50%@x", "50%25@x.txt"),
        ("a/b\\c@x", "a%2fb%5cc@x.txt"),
        ("..@x", "%2e.@x.txt"),
        (".lock", "%2elock.txt"),
        ("a.b.@x.", "a.b.@x..txt"),
        ("a\0\x1f\x7f@x", "a%00%1f%7f@x.txt"),
        ("é@x", "é@x.txt"),
        ("e\u0301@x", "e\u0301@x.txt"),
        ("É@x", "É@x.txt"),
        ("-rf@x", "-rf@x.txt"),
        ("CON@X", "con@x.txt"),
        ("\udcff@x", "%ff@x.txt"),
    ],
)
def test_a_mailbox_and_its_file(mailbox: str, file: str) -> None:
    assert file_name(mailbox) == file
    assert mailbox_of(file) == mailbox.lower().replace("É".lower(), "É" if "É" in mailbox else "é")


def test_long_names_keep_whole_escapes_and_a_digest() -> None:
    name = "a" * 189 + "/" + "b" * 99
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    assert file_name(name) == "a" * 189 + "~" + digest + ".txt"
    assert file_name("é" * 200) == "é" * 95 + "~" + hashlib.sha256(("é" * 200).encode()).hexdigest()[:32] + ".txt"
    assert file_name("a" * 251) == "a" * 251 + ".txt"
    assert len(file_name("a" * 252)) == 190 + 1 + 32 + 4
    assert file_name("x" * 300 + "1") != file_name("x" * 300 + "2")
    assert cut_name("A" * 252) == "a" * 252
    assert cut_name("a" * 251) == ""
    assert abbreviated(file_name(name))
    assert not abbreviated("a@x.txt")


def test_the_file_that_the_original_program_would_make() -> None:
    assert plain_name("a b@x") == "a b@x.txt"
    assert plain_name("50%@x") == "50%@x.txt"
    assert plain_name("a\\b@x") == "a\\b@x.txt"
    for name in ("bob@x", "a/b@x", ".a@x", "a\0@x", "a%2fb@x"):  # the last would be the file of a/b@x
        assert plain_name(name) is None


def test_what_is_no_mailbox() -> None:
    assert mailbox_of(".hidden.txt") is None
    assert mailbox_of("notes.md") is None
    assert mailbox_of(".txt") is None
    assert mailbox_of("BOB@X.TXT") == "bob@x"
    with pytest.raises(ValueError, match="name"):
        file_name("")
    with pytest.raises(ValueError, match="surrogates"):
        file_name("\ud800@x")
