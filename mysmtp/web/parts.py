"""What a mail brings, served as it is: its octets, its parts, its HTML. Each response stands in a sandbox of its own.

The policy is the wall: whatever gets past the cleaning of the HTML may neither run nor load.
"""

import hashlib
import hmac
from html import escape
from typing import Final

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import NotFound

from mysmtp.contracts import Spooling
from mysmtp.errors import StoreFailed
from mysmtp.message import Spooled
from mysmtp.mime.fields import begins_with_header
from mysmtp.mime.names import content_disposition
from mysmtp.web.guard import POLICY, of_another_site
from mysmtp.web.presenting_mail import file_name
from mysmtp.web.reading import Address, download_of, html_of
from mysmtp.web.site import site

CHUNK: Final = 64 * 1024
_LARGE = 1 << 20  # octets of a mail that is not held in memory while it is saved
_BEGINNING = 128 * 1024  # octets that tell whether it begins with a header
STYLE: Final = (
    "html{color-scheme:light;background:#fff;color:#000}"
    "body{margin:16px;font:16px/1.5 sans-serif;overflow-wrap:anywhere}"
)

routes = Blueprint("parts", __name__, url_prefix="/mailbox/<mailbox:name>/<mail_id:mail_id>")


@routes.get("/body")
def body(name: str, mail_id: int) -> Response:
    """Give the body of one mail as a file, byte for byte."""
    octets = _whole(name, mail_id)
    ending = ".eml" if begins_with_header(bytes(octets[:_BEGINNING])) else ".txt"
    disposition = content_disposition(file_name(name, mail_id).removesuffix(".txt") + ending)
    return _sandboxed(octets, "application/octet-stream", disposition)


@routes.get("/part/<path>")
def part(name: str, mail_id: int, path: str) -> Response:
    """Give one part: to be shown if a browser can do no more than show it, else to be saved."""
    _, found = site().opening.open(name, mail_id, lambda mail: download_of(mail, path))
    if found is None:
        raise NotFound
    response = _sandboxed(_out_of_memory(found.octets), found.type, found.disposition)
    key = request.args.get("key", "").encode("utf-8", "replace")
    if found.type.startswith("image/") and hmac.compare_digest(key, _key(name, mail_id).encode()):
        # The frame that shows it is of no origin, so for a browser it is another site: the key tells it from those.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@routes.get("/page")
def page(name: str, mail_id: int) -> Response:
    """Give the HTML of one mail, cleaned; `remote=1` lets its images and fonts be loaded from elsewhere."""
    address = image_address(name, mail_id)
    _, found = site().opening.open(name, mail_id, lambda mail: html_of(mail, address))
    if found is None:
        raise NotFound
    response = Response(document(*found).encode("utf-8", "replace"), content_type="text/html; charset=utf-8")
    return sandboxed_page(response, name, mail_id, address.remote)


def sandboxed_page(response: Response, name: str, mail_id: int, remote: bool) -> Response:
    """Return a response that holds the HTML of a mail with the headers that keep it from acting and loading."""
    response.headers["Content-Security-Policy"] = page_policy(_images_prefix(name, mail_id), remote)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"  # a sandbox has no origin to be the same as
    return response


def document(title: str, html: str) -> str:
    """Return a whole page of a mail's safe HTML."""
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{escape(title) or "Mail"}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>\n'
        f'<body dir="auto">{html}</body></html>\n'
    )


def page_policy(images: str, remote: bool) -> str:
    """Return the policy of a mail's HTML: `images` is where its own lie, a source of CSP level 3."""
    elsewhere = " https: http:" if remote else ""
    fonts = f" font-src{elsewhere};" if remote else ""
    return (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"img-src data: {images}{elsewhere};{fonts} style-src 'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )


def image_address(name: str, mail_id: int) -> Address:
    """Return how the HTML of a mail asks for its images, in the request for a page of it.

    Those of other servers only where a page of ours, or who types an address, asks for them: no link elsewhere does.
    """
    remote = request.args.get("remote") == "1" and not of_another_site(request.headers)
    return Address(_parts_path(name, mail_id), f"?key={_key(name, mail_id)}", remote)


def _images_prefix(name: str, mail_id: int) -> str:
    """Return where a mail's images lie, as a source. What would end one is encoded; an IPv6 address can be none."""
    host = request.host_url.rstrip("/")
    if "[" in host:
        return "'self'"
    path = _parts_path(name, mail_id)
    return host + path.translate({ord(char): f"%{ord(char):02X}" for char in ";,'\"* "})


def _parts_path(name: str, mail_id: int) -> str:
    return url_for("parts.part", name=name, mail_id=mail_id, path="1").removesuffix("1")


def _key(name: str, mail_id: int) -> str:
    """Return what only pages of this mail know: the address of its images with it may be asked for by its frame."""
    what = f"{mail_id} {name}".encode("utf-8", "backslashreplace")
    return hmac.new(site().secret, what, hashlib.sha256).hexdigest()[:32]


def _whole(name: str, mail_id: int) -> bytes | memoryview:
    """Return the octets of a mail; a large one takes no memory while it is waited for who saves it."""
    store = site().store
    if not isinstance(store, Spooling):
        return store.read(name, mail_id).body
    found = store.fetch(name, mail_id, _LARGE, lambda pieces: pieces, lambda _: b"")
    return found if isinstance(found, memoryview) else found.body


def _out_of_memory(octets: bytes) -> bytes | Spooled:
    """Return the octets of a part; many lie on the disk while they are sent, where that has room for them."""
    store = site().store
    if len(octets) < _LARGE or not isinstance(store, Spooling):
        return octets
    try:
        spool = store.spool()
        spool.add(octets)
    except StoreFailed:
        return octets
    return spool


def _sandboxed(octets: bytes | memoryview | Spooled, kind: str, disposition: str) -> Response:
    if isinstance(octets, (bytes, memoryview)):
        pieces = (bytes(octets[start : start + CHUNK]) for start in range(0, len(octets), CHUNK))
    else:
        pieces = (piece[start : start + CHUNK] for piece in octets.pieces() for start in range(0, len(piece), CHUNK))
    response = Response(pieces, content_type=kind)
    response.content_length = len(octets)
    response.headers["Content-Disposition"] = disposition
    response.headers["Content-Security-Policy"] = f"sandbox; {POLICY}"
    return response
