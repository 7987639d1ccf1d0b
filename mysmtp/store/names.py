"""The name of a mailbox and the name of its file, one to the other.

Pure. Whatever a sender types, the file's name is one component, begins with no dot and holds no separator.
"""

import hashlib
import re

SUFFIX = ".txt"
_LONGEST = 255  # octets of a file's name, on every file system in use
_STEM = 190  # octets that an abbreviated name keeps
_ESCAPED = re.compile(rb"[\x00-\x20\x7f%/\\]|^\.")
_ESCAPE = re.compile(rb"%([0-9a-f]{2})")
_WHOLE = re.compile(r"%[0-9a-f]{2}|.", re.DOTALL)
_ABBREVIATED = re.compile(r"~[0-9a-f]{32}$")


def lower(name: str) -> str:
    """Return `name` with ASCII capitals made small, and nothing else changed."""
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def file_name(mailbox: str) -> str:
    """Return the name of the file that this project would make for a mailbox. Raises ValueError for no name at all."""
    stem = _escaped(lower(mailbox))
    if not stem:
        raise ValueError("a mailbox needs a name")
    if not _too_long(stem):
        return stem + SUFFIX
    kept, room = [], _STEM
    for piece in _WHOLE.findall(stem):
        room -= len(piece.encode())
        if room < 0:
            break
        kept.append(piece)
    digest = hashlib.sha256(lower(mailbox).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{''.join(kept)}~{digest[:32]}{SUFFIX}"


def cut_name(mailbox: str) -> str:
    """Return the mailbox's full name where its file's name is too short for it, ``""`` where not."""
    return lower(mailbox) if _too_long(_escaped(lower(mailbox))) else ""


def plain_name(mailbox: str) -> str | None:
    """Return the name of the file that the original program would make, where it differs and can be a mailbox's.

    A name that this project's encoding gives to another mailbox stays that mailbox's: two never share a file.
    """
    name = lower(mailbox) + SUFFIX
    if name == file_name(mailbox) or name.startswith(".") or "/" in name or "\0" in name:
        return None
    return name if len(name.encode("utf-8", "replace")) <= _LONGEST and mailbox_of(name) == lower(mailbox) else None


def mailbox_of(file: str) -> str | None:
    """Return the mailbox that a file's name stands for, None where it is no mailbox's name.

    An abbreviated name is returned as it stands; the full one is in the file.
    """
    if file.startswith(".") or not lower(file).endswith(SUFFIX):
        return None
    stem = lower(file)[: -len(SUFFIX)]
    octets = stem.encode("utf-8", "surrogateescape")
    name = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), octets).decode("utf-8", "surrogateescape")
    return name if lower(name) == name and _escaped(name) == stem else stem


def abbreviated(file: str) -> bool:
    """Tell whether a file's name looks like a name cut short."""
    stem = lower(file).removesuffix(SUFFIX)
    return _ABBREVIATED.search(stem) is not None and len(stem.encode("utf-8", "surrogateescape")) <= _STEM + 33


def _too_long(stem: str) -> bool:
    return len(stem.encode()) + len(SUFFIX) > _LONGEST


def _escaped(name: str) -> str:
    """Percent-encode what a file's name must not hold, octets that are not UTF-8 too. Raises ValueError."""
    octets = name.encode("utf-8", "surrogateescape")  # UnicodeEncodeError is a ValueError
    octets = _ESCAPED.sub(lambda found: b"%%%02x" % found[0][0], octets)
    text = octets.decode("utf-8", "surrogateescape")
    return "".join(f"%{ord(char) - 0xDC00:02x}" if 0xDC80 <= ord(char) <= 0xDCFF else char for char in text)
