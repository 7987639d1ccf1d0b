"""What the fields of a part say it is: type, parameters, encoding, disposition, name, content-id (RFC 2045, 2183).

Parameters are parted by the standard library, names of RFC 2231 (charset, continuations) too; only decoding them is
done here, because a charset may be anything. A field that cannot be read says nothing, and a reason is kept.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import TypeVar

from mysmtp.mime.charset import decode
from mysmtp.mime.fields import Header
from mysmtp.mime.limits import LIMITS, Limits
from mysmtp.mime.words import decode_words, text_of, unfolded
from mysmtp.text import visible

T = TypeVar("T")
Parameter = str | tuple[str | None, str | None, str]  # as the standard library gives it: with a charset or as it is
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")  # RFC 6838 section 4.2
_ENCODINGS = frozenset({"7bit", "8bit", "binary", "quoted-printable", "base64"})
_UUENCODE = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
_READ = ("content-type", "content-disposition", "content-transfer-encoding")


@dataclass(frozen=True, slots=True)
class Nature:
    """What a part is, as declared. All texts are safe to show, and `type` is always ``word/word`` in small letters.

    `charset` is None where none is declared, `boundary` only for multiparts; `encoding` is a small word (``7bit`` by
    default); `disposition` ``inline``, ``attachment`` or ``""``; `name` is the whole name the sender gave
    (`names.safe_name` makes one to save by); `content_id` has no angle brackets.
    """

    type: str
    charset: str | None
    encoding: str
    disposition: str
    name: str
    content_id: str
    boundary: bytes = b""
    start: str = ""
    problems: Sequence[str] = ()

    @property
    def multipart(self) -> bool:
        """Whether it is declared to hold parts."""
        return self.type.startswith("multipart/")


def read_nature(header: Header, default: str = "text/plain", limits: Limits = LIMITS) -> Nature:
    """Return what the fields say; `default` is the type where none is declared (RFC 2046 section 5.1.5)."""
    return _Reader(header, limits).nature(default)


class _Reader:
    """Asks the fields of one part, and keeps the reasons why some did not answer."""

    def __init__(self, header: Header, limits: Limits) -> None:
        self._problems: list[str] = []
        self._message = Message()
        self._parameters: dict[str, dict[str, Parameter]] = {}
        self._present: set[str] = set()
        for name in _READ:
            raw = header.raw(name)
            if not raw:
                continue
            self._present.add(name)
            if len(raw) > limits.field:
                self._problems.append(f"{name.title()}: too long to be read; taken as missing")
            else:
                self._message[name] = text_of(unfolded(raw)).text
        self._content_id = decode_words(text_of(unfolded(header.raw("content-id")[:998])).text).text

    def nature(self, default: str) -> Nature:
        type_ = self._type(default)
        boundary = self._parameter("boundary") if type_.startswith("multipart/") else ""
        return Nature(
            type=type_,
            charset=visible(self._parameter("charset")) or None,
            encoding=self._encoding(),
            disposition=self._disposition(),
            name=self._name(),
            content_id=self._content_id.strip("<> "),
            boundary=boundary.rstrip().encode("utf-8", "surrogateescape"),
            start=visible(self._parameter("start")).strip("<> ") if type_ == "multipart/related" else "",
            problems=tuple(self._problems),
        )

    def _type(self, default: str) -> str:
        if "content-type" not in self._message:
            return default
        declared = self._asked("content-type", lambda: self._message.get_content_type(), "")
        first = str(self._message["content-type"]).partition(";")[0].strip().lower()
        if _TYPE.fullmatch(declared) and first == declared:
            return declared
        if first:
            self._problems.append(f"{visible(first[:80])!r} is no content type; shown as text/plain")
        return "text/plain"

    def _encoding(self) -> str:
        word = visible(str(self._message.get("content-transfer-encoding", "7bit"))).partition(";")[0].strip().lower()
        word = "base64" if word in ("base-64", "b64") else word
        if word in _UUENCODE:
            return "x-uuencode"
        if word not in _ENCODINGS:
            self._problems.append(f"the transfer encoding {word[:40]!r} is not known; the octets are shown as they are")
            return "7bit"
        return word

    def _disposition(self) -> str:
        if "content-disposition" not in self._present:
            return ""
        word = self._asked("content-disposition", lambda: self._message.get_content_disposition(), None)
        return "inline" if word == "inline" else "attachment"  # RFC 2183 section 2.8: unknown ones are attachments

    def _name(self) -> str:
        name = self._parameter("filename", "content-disposition") or self._parameter("name")
        return decode_words(name).text

    def _parameter(self, name: str, header: str = "content-type") -> str:
        if header not in self._parameters:
            self._parameters[header] = self._asked(header, lambda: self._read(header), {})
        value = self._parameters[header].get(name, "")
        if isinstance(value, str):
            return value
        charset, _, text = value  # RFC 2231: the octets stand in the text one to one
        found = decode(text.encode("latin-1", "replace"), charset or "us-ascii")
        if found.problem:
            self._problems.append(f"{name}: {found.problem}")
        return found.text

    def _read(self, header: str) -> dict[str, Parameter]:
        """Return the parameters of a field by their names in small letters; of two with one name the first counts."""
        return {name.lower(): value for name, value in reversed(self._message.get_params([], header))}

    def _asked(self, header: str, ask: Callable[[], T], otherwise: T) -> T:
        """Return what the standard library makes of a field. It raises whatever it likes on what it cannot read."""
        try:
            return ask()
        except Exception as fault:  # noqa: BLE001  the field is shown raw, the mail is read on
            self._problems.append(f"{header.title()}: cannot be read ({type(fault).__name__})")
            return otherwise
