"""Names and types that a download can be given, whatever the sender called it (RFC 6266, RFC 8187)."""

import re
import unicodedata
from urllib.parse import quote

LONGEST = 200  # characters of a name
OPAQUE = "application/octet-stream"
_SHOWN_AS_THEY_ARE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})
_SEPARATOR = re.compile(r"[/\\]")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)")  # devices of Windows
_FORBIDDEN = re.compile('[<>:"|?*%]')
_NOT_QUOTED = re.compile(r"[^ !#$&-\[\]^_a-z~]")  # of RFC 9110's quoted-string, less what readers get wrong
_EXTENSIONS = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "message/rfc822": ".eml",
    "message/delivery-status": ".txt", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif",
    "image/webp": ".webp", "image/svg+xml": ".svg", "application/pdf": ".pdf", "application/zip": ".zip",
}  # fmt: skip


def safe_name(name: str, otherwise: str = "attachment") -> str:
    """Return a name to save under: one component, at most 200 characters, nothing hidden, nothing reserved.

    The extension is kept where it is a short one. `otherwise` is the name of what has none.
    """
    base = _SEPARATOR.split(name)[-1]
    shown = "".join(char for char in base if unicodedata.category(char) not in _HIDDEN)
    plain = " ".join(_FORBIDDEN.sub("_", shown).split()).strip(" .")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    if len(plain) > LONGEST:
        stem, dot, extension = plain.rpartition(".")
        tail = f".{extension}" if dot and 0 < len(extension) <= 16 else ""
        plain = (stem if tail else plain)[: LONGEST - len(tail)].rstrip(" .") + tail
    return plain or otherwise


def name_of(name: str, kind: str, path: str) -> str:
    """Return the name under which the part at `path` is saved; one without a name is called after its path and type."""
    return safe_name(name, f"part-{path}{_EXTENSIONS.get(kind, '.bin')}")


def content_disposition(name: str) -> str:
    """Return the value of a Content-Disposition field that saves a download under (a safe form of) `name`.

    ASCII only, without controls; a name beyond ASCII stands twice (RFC 6266 section 4.3, appendix D).
    """
    safe = safe_name(name)
    ascii_only = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode()
    plain = _NOT_QUOTED.sub("_", safe_name(ascii_only))  # that of a wide slash is a slash
    value = f'attachment; filename="{plain}"'
    return value if plain == safe else f"{value}; filename*=UTF-8''{quote(safe, safe='')}"


def download_type(kind: str) -> str:
    """Return the content type under which a part may be served: its own if no browser acts on it, else octets."""
    return kind if kind in _SHOWN_AS_THEY_ARE else OPAQUE
