"""Odd mails to read: those that come with Python, and hand-made bombs of the threat table."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

DATA = Path(import_module("test.test_email").__path__[0]) / "data"
MESSAGES = sorted(path.name for path in DATA.glob("msg_*.txt"))


def message(name: str) -> bytes:
    """Return one of Python's own test messages."""
    return (DATA / name).read_bytes()


def all_messages() -> Iterator[bytes]:
    for name in MESSAGES:
        yield message(name)


def multipart(*parts: bytes, boundary: bytes = b"b", kind: bytes = b"mixed", close: bool = True) -> bytes:
    """Return a multipart of these parts, each with its own header, LF at line ends."""
    lines = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    head = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\n\n'
    return head + lines + (b"--" + boundary + b"--\n" if close else b"")


def nested_multiparts(depth: int) -> bytes:
    """Return multiparts in multiparts, none of them closed."""
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=n%dn\n\n--n%dn\n" % (level, level) for level in range(depth)
    )


# Threat rows T41-T52: (name, octets). Each froze or broke a parser that read it without caps.
BOMBS: list[tuple[str, bytes]] = [
    ("parts", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000),
    ("nested multiparts", nested_multiparts(2000)),
    ("deep and long", nested_multiparts(120) + b"hello --n1n world\n" * 100_000),
    ("almost boundaries", b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bx\n" * 500_000),
    ("comments", b"From: " + b"(" * 10_000 + b"\n\nx"),
    ("closed comments", b"From: " + b"(" * 50_000 + b")" * 50_000 + b"\n\nx"),
    ("parameters", b"Content-Type: text/plain;" + b"".join(b"p%d=x;" % n for n in range(20_000)) + b"\n\nx"),
    (
        "parameters of many parts",
        multipart(*[b"Content-Type: text/plain;" + b"".join(b"p%d=x;" % n for n in range(1300)) + b"\n\nx"] * 70),
    ),
    ("addresses", b"To: " + b"a@b, " * 10_000 + b"\n\nx"),
    ("recipient fields", b"To: a@b\n" * 500_000 + b"\nx"),
    ("folds", b"Subject: " + b"x\n " * 100_000 + b"\nTo: x\n\nx"),
    ("encoded words", b"Subject: " + b"=?utf-8?q?a?= " * 5000 + b"\n\nx"),
    ("unfinished words", b"To: " + b"=?a?q?" * 17_000 + b"\n\nx"),
    ("year", b"Date: Mon, 01 Jan 99999999999999999999 00:00:00 +0000\n\nx"),
    ("zone", b"Date: Mon, 01 Jan 2024 00:00:00 +9999999999999\n\nx"),
    ("brackets", b"Message-ID: <" + b"[" * 60_000 + b"\n\nx"),
    ("carriage returns", b"From: a@b\n\n" + b"\r" * 10_000_000),
    ("nothing but carriage returns", b"\r" * 1_000_000),
    ("nested messages", b"Content-Type: message/rfc822\n\n" * 500 + b"x"),
    ("quotes", b"To: " + b'"<(' * 30_000 + b"\n\nx"),
    ("escaped quotes", b"To: " + b'"\\' * 50_000 + b"\n\nx"),
    ("angles", b"To: " + b'<"\\"' * 20_000 + b"\n\nx"),
    ("empty comments", b"To: " + b"()" * 50_000 + b"\n\nx"),
    ("one long line", b"X: " + b"y" * 10_000_000 + b"\nTo: z\n\nx"),
]
