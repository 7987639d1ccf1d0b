"""What the original server can take: a whole body behind `DATA` in one segment, within its buffer. Pure octets."""

import re

BODY_LIMIT = 4090  # octets, the last newline included: the original's buffer
REPLY_LIMIT = 4095  # octets of a reply, its first line included
_MARKER = re.compile(rb"^(?=>*===(?:START_EMAIL|END_EMAIL|GONE__EMAIL)===)", re.MULTILINE)


class Unsendable(Exception):
    """A mail that this kind of server cannot take, refused before anything of it was sent; `str(error)` says why."""


def body_for_original(body: bytes) -> bytes:
    """Return `DATA` and a body as the original takes them, in one segment. Raises Unsendable."""
    if b"\0" in body:
        raise Unsendable("the original server takes no NUL octet in a mail; nothing was sent")
    quoted = _MARKER.sub(b">", body)
    if not quoted.endswith(b"\n"):
        quoted += b"\n"
    if len(quoted) > BODY_LIMIT:
        raise Unsendable(
            f"the original server takes at most {BODY_LIMIT:,} octets, this mail has {len(quoted):,}; nothing was sent"
        )
    return b"DATA\n" + quoted
