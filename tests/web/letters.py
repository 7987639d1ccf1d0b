"""Mails with a header to put into stores of tests, as octets."""

import base64
from textwrap import dedent

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HEAD = (
    "From: Alice <alice@example.com>\nTo: bob@example.com\nDate: Mon, 23 Nov 2026 11:00:00 +0000\nMessage-ID: <1@x>\n"
)


def lines(text: str) -> bytes:
    """Return text written in the indentation of a test as a mail, CR LF at line ends."""
    return dedent(text).lstrip("\n").encode().replace(b"\n", b"\r\n")


def simple(subject: str, text: str = "Hello\n", kind: str = "text/plain; charset=utf-8", more: str = "") -> bytes:
    """Return a mail of one part."""
    return f"{HEAD}Subject: {subject}\n{more}Content-Type: {kind}\n\n{text}".replace("\n", "\r\n").encode()


def rich(html: str = '<p>Hello <b>Bob</b></p><img src="cid:logo@x" alt="logo">', name: str = "letter.pdf") -> bytes:
    """Return a mail with text, HTML, an image of it (part 1.1.2.2) and an attachment (part 1.2)."""
    image = base64.b64encode(PNG).decode()
    parts = f"""
--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

Hello Bob, see https://example.com/x.
--a
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html; charset=utf-8

{html}
--r
Content-Type: image/png
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

{image}
--r--
--a--
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename="{name}"
Content-Transfer-Encoding: base64

JVBERi0=
--m--
"""
    head = f"{HEAD}Subject: The Weekly Postcard\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n"
    return f"{head}{parts}".replace("\n", "\r\n").encode("utf-8", "surrogateescape")
