"""What a part says it is: parameters of RFC 2231, names in every way they are written, and nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.fields import read_header
from mysmtp.mime.nature import Nature, read_nature


def nature(*lines: str | bytes) -> Nature:
    octets = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n\n"
    return read_nature(read_header(octets))


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('Content-Disposition: attachment; filename="a b.txt"', "a b.txt"),
        ("Content-Disposition: attachment; filename=a.txt", "a.txt"),
        ("Content-Disposition: attachment; filename*=utf-8''R%C3%A9sum%C3%A9.pdf", "Résumé.pdf"),
        ("Content-Disposition: attachment; filename*=iso-8859-1'fr'R%E9sum%E9.pdf", "Résumé.pdf"),
        (
            "Content-Disposition: attachment;\n filename*0*=utf-8''R%C3%A9;\n filename*1=sum;\n filename*2*=%C3%A9",
            "Résumé",
        ),
        ('Content-Disposition: attachment; filename*1="b.txt"; filename*0="a"', "ab.txt"),
        ('Content-Disposition: attachment; filename="=?utf-8?q?R=C3=A9sum=C3=A9?="', "Résumé"),
        ("Content-Disposition: attachment; filename==?utf-8?b?UsOpc3Vtw6k=?=", "Résumé"),
        ('Content-Type: text/plain; name="a.txt"', "a.txt"),
        ("Content-Type: text/plain; name*=utf-8''%C3%A9", "é"),
        ("Content-Disposition: attachment; filename*=unicode_escape''%5Cud800", "\\ud800"),
        ("Content-Disposition: attachment; filename*=koi8-r''%D0%D2", "пр"),
        ("Content-Disposition: attachment; filename*=zlib''x%9c", "xœ"),
        ("Content-Disposition: attachment; filename*=utf-8''%00%1b%E2%80%AE", "\\x00\\x1b\\u202e"),
        ("Content-Disposition: attachment; filename*=utf-8''a%0d%0aX:%20y", "a\\x0d\\x0aX: y"),
        ('Content-Disposition: attachment; filename="Résumé.pdf"', "Résumé.pdf"),
        (b'Content-Disposition: attachment; filename="R\xe9sum\xe9.pdf"', "Résumé.pdf"),
        ("Content-Disposition: attachment", ""),
        ("Content-Disposition: attachment; filename*x*=y", ""),
    ],
)
def test_names(field: str | bytes, name: str) -> None:
    assert nature(field).name == name


@pytest.mark.parametrize(
    ("field", "kind", "problems"),
    [
        ("Content-Type: TEXT/HTML; charset=x", "text/html", 0),
        ("Content-Type: text/html ; charset=x", "text/html", 0),
        ("X: y", "text/plain", 0),
        ("Content-Type: text", "text/plain", 1),
        ('Content-Type: text/html"><script>', "text/plain", 1),
        ("Content-Type: text/html/x", "text/plain", 1),
        ("Content-Type: text/é", "text/plain", 1),
        ("Content-Type: ", "text/plain", 0),
        ("Content-Type: application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text", 0),
        ("Content-Type: text/html;" + "p=x;" * 5000, "text/plain", 1),
    ],
)
def test_types(field: str, kind: str, problems: int) -> None:
    found = nature(field)
    assert found.type == kind
    assert len(found.problems) == problems


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("BASE64", "base64"),
        (" quoted-printable ", "quoted-printable"),
        ("x-uue", "x-uuencode"),
        ("rot13", "7bit"),
        ("", "7bit"),
    ],
)
def test_encodings(word: str, encoding: str) -> None:
    assert nature(f"Content-Transfer-Encoding: {word}").encoding == encoding


@pytest.mark.parametrize(
    ("word", "disposition"), [("inline", "inline"), ("ATTACHMENT", "attachment"), ("form-data", "attachment")]
)
def test_dispositions(word: str, disposition: str) -> None:
    assert nature(f"Content-Disposition: {word}; filename=x").disposition == disposition


def test_boundary_start_and_content_id() -> None:
    found = nature('Content-Type: multipart/related; boundary="a b "; start="<x@y>"', "Content-ID: <x@y> ")
    assert (found.boundary, found.start, found.content_id) == (b"a b", "x@y", "x@y")
    assert nature("Content-Type: text/plain; boundary=x").boundary == b""


WORDS = st.sampled_from(
    [
        "text/plain",
        "; ",
        "filename",
        "*0",
        "*1",
        "*",
        "=",
        "utf-8''",
        "'",
        '"',
        "%",
        "%C3",
        "charset",
        "\\",
        "\n ",
        "é",
        "0",
        "=?",
        "?=",
    ]
)


@given(st.lists(WORDS, max_size=30).map("".join), st.sampled_from(["Content-Type", "Content-Disposition"]))
def test_no_field_makes_it_raise(value: str, name: str) -> None:
    found = nature(f"{name}: {value}")
    f"{found.name}{found.type}{found.charset}".encode()
