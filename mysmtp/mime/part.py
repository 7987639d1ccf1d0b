"""One part of a mail: what it is, where its octets lie, and what they are once decoded. Copies nothing until asked."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mysmtp.mime import lenient, steps
from mysmtp.mime.charset import Decoded, decode
from mysmtp.mime.fields import Header
from mysmtp.mime.nature import Nature

NESTED = ("message/rfc822", "message/global")  # RFC 2046 section 5.2.1, RFC 6532 section 3.7
LONGEST_SUBJECT = 100  # characters of it in a name
_NO_FOLDERS = str.maketrans("/\\", "__")
_AS_THEY_ARE = ("7bit", "8bit", "binary")


@dataclass(frozen=True, slots=True)
class Part:
    """A part and all under it.

    `path` names it within its mail: ``1`` is the whole, ``1.2`` the second part in it; a nested message is the one part
    (``.1``) of the part that holds it. `size` and `sha256` (hex) are of the decoded octets, for a part that holds
    others of all its octets as they stand, and ``""``. `problems` are this part's own, in words.
    """

    path: str
    header: Header
    nature: Nature
    children: Sequence["Part"]
    size: int
    sha256: str
    problems: Sequence[str]
    source: bytes = field(repr=False, compare=False)  # the octets it lies in, the whole mail as a rule
    start: int  # of its content, after its header
    end: int

    @property
    def raw(self) -> bytes:
        """Its content as it stands, transfer encoding and all."""
        return self.source[self.start : self.end]

    @property
    def octets(self) -> bytes:
        """Its content, transfer encoding undone; of a part that holds others, as it stands."""
        if self.nature.multipart:
            return self.raw
        return decoded(self.raw, self.nature.encoding)

    @property
    def subject(self) -> str:
        """The subject of the message that it holds, ``""`` without one."""
        held = self.children[0].header.fields if self.nature.type in NESTED and self.children else ()
        return next((field.value for field in held if field.called("subject")), "")

    @property
    def name(self) -> str:
        """What it is called: by the sender, or by the subject of the message that it holds; ``""`` without either."""
        subject = self.subject[:LONGEST_SUBJECT].translate(_NO_FOLDERS)
        return self.nature.name or (f"{subject}.eml" if subject else "")

    @property
    def is_text(self) -> bool:
        """Whether it can be shown as text: its type says so, or it is a multipart that holds no parts."""
        return self.nature.type.startswith("text/") or (self.nature.multipart and not self.children)

    def text(self) -> Decoded:
        """Return its content as text to read: lines end with ``\\n``, the charset is the declared one if it can be.

        Characters that steer a terminal stay in it: show it through `mysmtp.text.visible`.
        """
        found = decode(self.octets, self.nature.charset)
        return Decoded(steps.with_lf(found.text), found.charset, found.problem)

    def walk(self) -> Iterator["Part"]:
        """Give this part and every one under it, nested messages too, in the order they stand."""
        yield self
        for child in self.children:
            yield from child.walk()


def decoded(raw: bytes, encoding: str) -> bytes:
    """Return octets with their transfer encoding (RFC 2045 section 6) undone as far as it can be.

    What is no base64 is passed over, as the standard library does; what it cannot decode at all stays as it is.
    """
    if encoding in _AS_THEY_ARE:
        return raw
    if encoding == "quoted-printable":
        return steps.from_quoted_printable(raw)
    if encoding == "base64":
        octets = steps.from_base64(raw)
        return lenient.from_base64(raw) if octets is None else octets
    octets = lenient.from_uuencode(raw) if encoding == "x-uuencode" else None
    return raw if octets is None else octets


def digest(octets: bytes) -> str:
    """Return the SHA-256 of octets, in hex."""
    return hashlib.sha256(octets).hexdigest()
