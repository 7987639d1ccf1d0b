"""Mailbox names and mail ids inside addresses of pages. Neither may be mistaken for a path, whatever it holds.

A name is percent-encoded once more where a path would understand it (`/`, `%`, a lone dot), because servers and
browsers undo the outer encoding before anyone can tell a slash of the name from a slash of the path.
"""

from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from werkzeug.routing import BaseConverter

from mysmtp.address import mailbox_name


def pack(name: str) -> str:
    """Return a mailbox name as one path segment, before the address's own encoding."""
    packed = name.replace("%", "%25").replace("/", "%2F")
    if packed.strip(".") == "":
        packed = packed.replace(".", "%2E")  # browsers resolve dot segments, encoded once or not
    return "".join(f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in packed)


def unpack(segment: str) -> str:
    """Return the mailbox name that `pack` made `segment` of."""
    return unquote(segment, errors="surrogateescape")


@lru_cache(maxsize=1000)  # a list has the name of its mailbox in each row, some of them twice
def _quoted(name: str) -> str:
    return quote(pack(name), safe="@!$'()*,:;=~", errors="replace")


def mail_key(name: str, mail_id: int) -> str:
    """Return a mail as one value of a form, in ASCII that shows: ``bob@example.com/14``."""
    return f"{_quoted(name)}/{mail_id}"


def mail_of(key: str) -> tuple[str, int] | None:
    """Return mailbox and id of a value that `mail_key` made, None if it is none."""
    packed, slash, digits = key.rpartition("/")
    if not (slash and packed and digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return None
    return mailbox_name(unpack(unquote(packed))), int(digits)


def local_path(address: str) -> str:
    """Return an address if it is a path of this server, else ``/``: no form may send its reader elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    ours = not parts.scheme and not parts.netloc and address.startswith("/") and address.isprintable()
    return address if ours and address[1:2] not in ("/", "\\") else "/"


class MailboxConverter(BaseConverter):
    """A mailbox name as a part of a route."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return mailbox_name(unpack(value))

    def to_url(self, value: str) -> str:
        return _quoted(value)


class MailIdConverter(BaseConverter):
    """A mail id as a part of a route: ASCII digits, few enough for any file."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)
