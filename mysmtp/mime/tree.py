"""The tree of parts of a mail, made within caps: at most so many parts, so deep; what lies beyond is one plain part.

Each octet is searched once for each multipart around it and decoded once. The way down is recursive, so the cap on
depth is also what keeps the stack small.
"""

import re
from dataclasses import replace

from mysmtp.mime.fields import Header, begins_with_header, read_header
from mysmtp.mime.limits import LIMITS, Limits
from mysmtp.mime.nature import Nature, read_nature
from mysmtp.mime.part import NESTED, Part, decoded, digest
from mysmtp.mime.split import split
from mysmtp.mime.steps import all_match

_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]*+")
_PLAIN = Nature("text/plain", None, "7bit", "", "", "")


def read_tree(octets: bytes, limits: Limits = LIMITS) -> Part:
    """Return the root of a mail. Without a header (`fields.begins_with_header`) it is one plain text. Never raises."""
    if begins_with_header(octets, limits):
        return _Builder(limits).message(octets, 0, len(octets), "1")
    empty = Header((), 0, ())
    return Part("1", empty, _PLAIN, (), len(octets), digest(octets), (), octets, 0, len(octets))


class _Builder:
    """Makes the parts of one mail, and counts them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parts = 0
        self._headers = 0  # octets of header sections read so far

    def message(self, source: bytes, start: int, end: int, path: str, default: str = "text/plain") -> Part:
        """Return the part, or whole message, that lies between `start` and `end`."""
        self._parts += 1
        header = read_header(source, start, end, self._limits)
        self._headers += min(header.end - start, self._limits.header)
        nature = read_nature(header, default, self._limits)
        whole = Part(path, header, nature, (), end - header.end, "", (), source, header.end, end)
        if nature.multipart:
            return self._multipart(whole)
        if nature.type in NESTED:
            return self._nested(whole)
        return _leaf(whole)

    def _multipart(self, whole: Part) -> Part:
        if self._too_deep(whole):
            return _leaf(whole, f"parts in parts, deeper than {self._limits.depth}: shown as it stands")
        room = max(self._limits.parts - self._parts, 0)
        cut = split(whole.source, whole.start, whole.end, whole.nature.boundary, room)
        default = "message/rfc822" if whole.nature.type == "multipart/digest" else "text/plain"
        children: list[Part] = []
        problems = list(cut.problems)
        for number, (start, end) in enumerate(cut.spans, 1):
            if self._full():
                problems.append(
                    "more parts, or more of their headers, than are read; the parts after these are not shown"
                )
                break
            children.append(self.message(whole.source, start, end, f"{whole.path}.{number}", default))
        if not children:
            return _leaf(whole, *problems)
        return replace(whole, children=tuple(children), problems=(*whole.nature.problems, *problems))

    def _nested(self, whole: Part) -> Part:
        if self._too_deep(whole) or self._full():
            return _leaf(whole, "a message in a message, too deep or one too many: shown as it stands")
        source, start, end = whole.source, whole.start, whole.end
        if whole.nature.encoding not in ("7bit", "8bit", "binary"):  # not allowed (RFC 2046 section 5.2.1), and common
            source = whole.octets
            start, end = 0, len(source)
        child = self.message(source, start, end, f"{whole.path}.1")
        problems = (*whole.nature.problems, *_empty_header(child))
        return replace(whole, children=(child,), size=end - start, sha256=digest(source[start:end]), problems=problems)

    def _full(self) -> bool:
        return self._parts >= self._limits.parts or self._headers >= self._limits.headers

    def _too_deep(self, whole: Part) -> bool:
        return whole.path.count(".") >= self._limits.depth


def _empty_header(child: Part) -> tuple[str, ...]:
    return () if child.header.fields else ("the message in it has no header",)


def _leaf(whole: Part, *problems: str) -> Part:
    raw = whole.raw
    content = raw if whole.nature.multipart else decoded(raw, whole.nature.encoding)
    if whole.nature.encoding == "base64" and not whole.nature.multipart and not all_match(_BASE64, raw):
        problems = (*problems, "base64 with other octets in it: they were passed over")
    return replace(whole, size=len(content), sha256=digest(content), problems=(*whole.nature.problems, *problems))
