"""Only charsets of mail decode, whatever a header says; a fault is visible and never an exception."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime import charset
from mysmtp.mime.charset import codec_of, decode


@pytest.mark.parametrize(
    ("octets", "declared", "text", "read_by"),
    [
        (b"plain", None, "plain", "ascii"),
        ("Grüße".encode(), None, "Grüße", "utf-8"),
        (b"Gr\xfc\xdfe", None, "Grüße", "cp1252"),
        (b"Gr\xfc\xdfe", "ISO-8859-1", "Grüße", "cp1252"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”", "cp1252"),  # as browsers read Latin-1
        ("Grüße".encode(), "us-ascii", "Grüße", "utf-8"),
        ("Grüße".encode(), '"UTF-8"', "Grüße", "utf-8"),
        ("日本".encode("iso2022_jp"), "ISO-2022-JP", "日本", "iso2022_jp"),
        ("日本".encode("cp932"), "shift_jis", "日本", "cp932"),
        ("中文".encode("gb18030"), "gb2312", "中文", "gb18030"),
        ("привет".encode("koi8-r"), "KOI8-R", "привет", "koi8-r"),
        ("h\xe9".encode("utf-16"), "utf-16", "hé", "utf-16"),
        (b"+AOk-", "utf-7", "é", "utf-7"),
        (b"a+2AA-b", "utf-7", "a\ufffdb", "utf-7"),  # a lone surrogate
        ("Grüße".encode(), "utf-8*de", "Grüße", "utf-8"),  # RFC 2231 section 5
        (b"\x81", "windows-1252", "\ufffd", "cp1252"),
    ],
)
def test_octets_become_text(octets: bytes, declared: str | None, text: str, read_by: str) -> None:
    found = decode(octets, declared)
    assert (found.text, found.charset) == (text, read_by)


NO_CHARSETS = [
    "x-evil",
    "utf-8\0",
    "undefined",
    "zlib",
    "zip",
    "bz2",
    "hex",
    "base64",
    "rot13",
    "idna",
    "punycode",
    "raw_unicode_escape",
    "unicode_escape",
    "uu",
    "quopri",
    "mbcs",
    "oem",
    "../utf-8",
    "a" * 5000,
    "é",
    "",
    " ",
    "string_escape",
    "utf-8\ud800",
]


@pytest.mark.parametrize("name", NO_CHARSETS)
def test_what_is_no_charset_of_mail_is_never_asked(name: str) -> None:
    assert codec_of(name) is None
    found = decode(b"h\\ud800 \xe9", name)
    assert found.text == "h\\ud800 é"
    assert found.problem


@pytest.mark.parametrize(
    ("octets", "declared", "problem"),
    [
        (b"\xff", "utf-8", "not all octets are utf-8"),
        ("Grüße".encode(), "iso-2022-jp", "declared as iso-2022-jp, but it is UTF-8"),
        (b"x", "x-evil", "the charset 'x-evil' is not one of mail"),
        (b"\xe9", "us-ascii", "declared as us-ascii, but it holds other octets"),
        (b"\xe9", None, "no charset declared and not UTF-8"),
        ("é".encode(), None, ""),
        (b"x", "us-ascii", ""),
    ],
)
def test_a_doubt_is_told(octets: bytes, declared: str | None, problem: str) -> None:
    found = decode(octets, declared).problem
    assert found.startswith(problem) if problem else found == ""


def test_every_name_of_the_list_is_what_python_calls_it() -> None:
    for name in charset._NAMES.split():
        assert codecs.lookup(name).name == name
        assert codec_of(name) in charset._NAMES.split()


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=20), st.sampled_from(charset._NAMES.split())))
def test_any_octets_and_any_name_give_text_that_can_be_sent(octets: bytes, declared: str | None) -> None:
    decode(octets, declared).text.encode()
