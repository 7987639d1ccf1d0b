"""Transfer encodings undone as far as they can be (RFC 2045 section 6)."""

import pytest

from mysmtp.mime.part import decoded


@pytest.mark.parametrize(
    ("raw", "encoding", "octets"),
    [
        (b"a=20\xe9=C3", "quoted-printable", b"a \xe9\xc3"),
        (b"soft=\r\nbreak=\nhere", "quoted-printable", b"softbreakhere"),
        (b"=ZZ=", "quoted-printable", b"=ZZ"),
        (b"aGVs\r\nbG8=\r\n", "base64", b"hello"),
        (b"aGVsbG8", "base64", b"hello"),
        (b"aG\xffVs!bG8=", "base64", b"hello"),
        (b"begin 644 x\n%:&5L;&\\\n`\nend\n", "x-uuencode", b"hello"),
        (b"\xff\x00\r", "8bit", b"\xff\x00\r"),
    ],
)
def test_octets(raw: bytes, encoding: str, octets: bytes) -> None:
    assert decoded(raw, encoding) == octets
