"""What a stored mail says: its octets taken apart into heading, text, HTML, attachments and a tree of parts.

Pure: octets in, frozen values out, no exceptions, no sockets, no store, no pages. `read_mail` is the door,
`read_heading` the small one for lists; `html.sanitise`, `linked.pieces`, `checks.check` and `names` make what is found
fit to be shown.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mysmtp.mime.heading import Heading, read_heading
    from mysmtp.mime.mail import Attachment, Mail, read_mail
    from mysmtp.mime.part import Part

__all__ = ["Attachment", "Heading", "Mail", "Part", "read_heading", "read_mail"]

_HOMES = {"Attachment": "mail", "Heading": "heading", "Mail": "mail", "Part": "part"}
_HOMES |= {"read_heading": "heading", "read_mail": "mail"}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for (PEP 562): `mysmtp sendmail` starts in half the time, needing few of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"mysmtp.mime.{_HOMES[name]}"), name)
