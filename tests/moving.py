"""Moving pictures from pictures: PNG files of one size become one APNG, their octets taken as they are."""

import struct
import zlib
from collections.abc import Iterator, Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def moving(pictures: Sequence[bytes], seconds: Sequence[float], plays: int = 0) -> bytes:
    """Return an APNG that shows each picture for so many seconds, and all of them so often (0: without end)."""
    heads = [next(data for kind, data in _chunks(png) if kind == b"IHDR") for png in pictures]
    assert len(set(heads)) == 1, "pictures of one size and kind"
    width, height = struct.unpack(">II", heads[0][:8])
    out = [_SIGNATURE, _chunk(b"IHDR", heads[0]), _chunk(b"acTL", struct.pack(">II", len(pictures), plays))]
    number = 0
    for at, (png, shown) in enumerate(zip(pictures, seconds, strict=True)):
        control = struct.pack(">IIIIIHHBB", number, width, height, 0, 0, round(shown * 1000), 1000, 0, 0)
        out.append(_chunk(b"fcTL", control))
        number += 1
        for kind, data in _chunks(png):
            if kind == b"IDAT" and at == 0:
                out.append(_chunk(b"IDAT", data))
            elif kind == b"IDAT":
                out.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
                number += 1
    return b"".join([*out, _chunk(b"IEND", b"")])
