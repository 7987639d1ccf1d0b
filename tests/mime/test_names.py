"""Whatever a sender calls a file, the download has a name that is only a name (T56, T66)."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.names import LONGEST, OPAQUE, content_disposition, download_type, name_of, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Résumé 2026.pdf", "Résumé 2026.pdf"),
        ("日本語.txt", "日本語.txt"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1"),
        ("../../x.sh", "x.sh"),
        ("..\\..\\x.sh", "x.sh"),
        ("/etc/passwd", "passwd"),
        ("C:\\CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("COM1", "_COM1"),
        ("console.log", "console.log"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ('"><svg onload=alert(1)>.png', "___svg onload=alert(1)_.png"),
        ("..", "attachment"),
        ("", "attachment"),
        (" . ", "attachment"),
        ("\0\x1b[2J", "[2J"),
        ("a/", "attachment"),
        (".htaccess", "htaccess"),
        ("a%0d%0aX: y", "a_0d_0aX_ y"),
        ("x" * 1000 + ".pdf", "x" * 196 + ".pdf"),
        ("x" * 1000, "x" * 200),
        ("x." + "y" * 1000, "x." + "y" * 198),
        ("\ud800x", "x"),
        ("two  \t lines.txt ", "two lines.txt"),
    ],
)
def test_names_to_save_by(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("Résumé.pdf", "attachment; filename=\"Resume.pdf\"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"),
        ("日本", "attachment; filename=\"attachment\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC"),
        ('a";b\\c.txt', 'attachment; filename="c.txt"'),
        ("it's; a=b.txt", 'attachment; filename="it\'s; a=b.txt"'),
        ("", 'attachment; filename="attachment"'),
        # What is compatible with a slash, a colon or CON (Unicode, NFKD) becomes that.
        ("\uff0f..\uff0fx", "attachment; filename=\"x\"; filename*=UTF-8''%EF%BC%8F..%EF%BC%8Fx"),
        ("a\uff1ab", "attachment; filename=\"a_b\"; filename*=UTF-8''a%EF%BC%9Ab"),
        ("\uff43on", "attachment; filename=\"_con\"; filename*=UTF-8''%EF%BD%83on"),
        ("\u2025", "attachment; filename=\"attachment\"; filename*=UTF-8''%E2%80%A5"),
    ],
)
def test_the_field_that_names_a_download(name: str, value: str) -> None:
    assert content_disposition(name) == value


@given(st.text(max_size=400))
def test_any_name_is_one_component_without_controls(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= LONGEST
    assert not re.search(r'[/\\<>:"|?*\x00-\x1f\x7f]', safe)
    assert not {unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert safe.strip(" .") == safe
    assert safe_name(safe) == safe


@given(st.text(max_size=400))
def test_any_name_makes_a_field_that_http_can_carry(name: str) -> None:
    value = content_disposition(name)
    assert value.isascii()
    assert value.isprintable()
    assert re.fullmatch(r'attachment; filename="[^"\\]{1,200}"(; filename\*=UTF-8\'\'[\w.~%-]+)?', value)


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        ("image/png", "image/png"),
        ("image/jpeg", "image/jpeg"),
        ("image/gif", "image/gif"),
        ("image/webp", "image/webp"),
        ("text/plain", "text/plain"),
        ("text/html", OPAQUE),
        ("image/svg+xml", OPAQUE),
        ("application/xhtml+xml", OPAQUE),
        ("text/xml", OPAQUE),
        ("application/pdf", OPAQUE),
        ("text/html;charset=utf-7", OPAQUE),
        ("", OPAQUE),
        ('text/html"><script>', OPAQUE),
        ("application/javascript", OPAQUE),
        ("multipart/x-mixed-replace", OPAQUE),
    ],
)
def test_types_that_a_browser_acts_on_are_not_served(kind: str, served: str) -> None:
    assert download_type(kind) == served


def test_a_part_without_a_name_is_called_after_its_place() -> None:
    assert name_of("", "image/png", "1.2") == "part-1.2.png"
    assert name_of("", "x/y", "1.2") == "part-1.2.bin"
    assert name_of("../a.txt", "x/y", "1.2") == "a.txt"
