"""Octets to text: only through charsets of a list, and never with an exception.

Python knows codecs that are no charsets of mail (``zlib``, ``idna``), that run code paths nobody wants
(``unicode_escape`` gives lone surrogates) or that raise whatever they like. A name that is not on the list counts as
not declared: UTF-8 where the octets are that, windows-1252 where not, U+FFFD where that has no character either.
"""

import codecs
import re
from dataclasses import dataclass

from mysmtp.mime import steps

_NAMES = (
    "utf-8 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be utf-7 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 "
    "cp1256 cp1257 cp1258 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 "
    "iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16 koi8-r koi8-u cp437 cp850 cp852 cp866 cp874 "
    "tis-620 mac-roman mac-cyrillic gb2312 gbk gb18030 hz big5 big5hkscs cp950 shift_jis cp932 shift_jis_2004 "
    "euc_jp iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_3 iso2022_jp_ext euc_kr cp949 johab iso2022_kr"
)
_ALLOWED = frozenset(_NAMES.split())
# As browsers read them (WHATWG Encoding): a text that says ASCII or Latin-1 and holds more is windows-1252.
_SAME = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
    "utf8": "utf-8", "euc_kr": "cp949", "iso8859-9": "cp1254", "iso8859-11": "cp874",
}  # fmt: skip
_EXTRA = {"iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "x-sjis": "cp932", "x-gbk": "gb18030"}
_EXTRA |= {"unicode-1-1-utf-7": "utf-7", "x-mac-roman": "mac-roman", "ks_c_5601-1987": "cp949", "x-unknown": ""}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:()+-]{0,60}")  # RFC 2978 section 2.3, the part in use


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text; the charset it was read by (Python's name); ``""`` or, in words, why it may not be what was meant."""

    text: str
    charset: str
    problem: str = ""


def codec_of(name: str) -> str | None:
    """Return Python's name for a charset of mail, None where it is not on the list. A language suffix is dropped."""
    plain = name.strip(" \t\"'").partition("*")[0].lower()
    if not _NAME.fullmatch(plain):
        return None
    if plain in _EXTRA:
        return _EXTRA[plain] or None
    try:
        found = codecs.lookup(plain).name
    except (LookupError, ValueError):
        return None
    return _SAME.get(found, found if found in _ALLOWED else None)


def decode(octets: bytes, declared: str | None) -> Decoded:
    """Return `octets` as text without lone surrogates, by the charset declared where that can be."""
    codec = codec_of(declared) if declared else None
    if codec is None or (codec == "cp1252" and declared and declared.strip().lower() in ("us-ascii", "ascii")):
        return _guessed(octets, declared)
    try:
        return Decoded(steps.decode(octets, codec), codec)
    except (UnicodeError, ValueError):
        pass
    if not octets.isascii() and codec != "utf-8" and (text := _as_utf8(octets)) is not None:
        return Decoded(text, "utf-8", f"declared as {declared}, but it is UTF-8")
    text = steps.decode(octets, codec, "replace")
    return Decoded(text, codec, f"not all octets are {declared}; those that are not stand as \ufffd")


def _guessed(octets: bytes, declared: str | None) -> Decoded:
    if octets.isascii():
        known = not declared or codec_of(declared)
        return Decoded(octets.decode("ascii"), "ascii", "" if known else _unknown(declared))
    text = _as_utf8(octets)
    codec = "utf-8" if text is not None else "cp1252"
    word = "UTF-8" if codec == "utf-8" else "windows-1252"
    why = f"{_unknown(declared)}; read as {word}" if declared else ""
    if not declared and codec == "cp1252":
        why = "no charset declared and not UTF-8; read as windows-1252"
    return Decoded(steps.decode(octets, codec, "replace") if text is None else text, codec, why)


def _unknown(declared: str | None) -> str:
    name = (declared or "")[:40]
    if codec_of(name):
        return f"declared as {name}, but it holds other octets"
    return f"the charset {name!a} is not one of mail"


def _as_utf8(octets: bytes) -> str | None:
    try:
        return steps.decode(octets, "utf-8")
    except UnicodeDecodeError:
        return None
