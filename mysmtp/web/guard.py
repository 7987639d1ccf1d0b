"""What every request must pass and every response must carry. Pure decisions on headers, and the two hooks.

Follows the Fetch Metadata and Origin checks against cross-site requests, and a Host check against DNS rebinding. Knows
no page and no store.
"""

import ipaddress
import re
from typing import Final

from flask import Flask, Request, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import Forbidden, HTTPException, RequestEntityTooLarge

from mysmtp.parcel import largest_bundle

LARGEST_FORM: Final = 64_000
MAILS: Final = "/housekeeping/import"  # the one address that takes more than a form
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    # Not no-referrer: under it browsers send `Origin: null` with a form, and where pages are served over plain HTTP to
    # a network (no Sec-Fetch headers there) nothing would be left to tell our own forms by.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\\\s]+)(?::[0-9]{1,5})?", re.ASCII)


class Misdirected(HTTPException):
    """The request was meant for a host that this server is not (RFC 9110 section 15.5.20)."""

    code = 421
    description = "This server does not answer to that name."


def host_of(header: str) -> str | None:
    """Return the host in a Host header, lower-case, IPv6 without its brackets; None if the header is no host."""
    match = _HOST.fullmatch(header)
    return match["host"].strip("[]").lower() if match else None


def is_address(host: str) -> bool:
    """Return whether a host is an IP address as such: no name can be made to point elsewhere by it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def answers_to(header: str | None, names: frozenset[str]) -> bool:
    """Return whether this server answers to a Host header: localhost, any IP address, and the `names` (lower-case)."""
    host = host_of(header) if header else None
    return host is not None and (host == "localhost" or host in names or is_address(host))


def same_origin(headers: Headers) -> bool:
    """Return whether a request proves that a page of ours sent it."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    scheme, separator, host = headers.get("Origin", "").partition("://")
    return bool(separator) and scheme in ("http", "https") and host.lower() == headers.get("Host", "").lower()


def largest_body(path: str, headers: Headers) -> int:
    """Return the octets that a request may bring; only who proves to be no other site may bring mails."""
    return largest_bundle() if path == MAILS and same_origin(headers) else LARGEST_FORM


def of_another_site(headers: Headers) -> bool:
    """Return whether a request shows that another site sent it, or led to it."""
    told = "Sec-Fetch-Site" in headers or "Origin" in headers
    return told and headers.get("Sec-Fetch-Site") != "none" and not same_origin(headers)


def check(incoming: Request, names: frozenset[str]) -> None:
    """Let a request pass, or raise Misdirected, Forbidden or RequestEntityTooLarge."""
    if not answers_to(incoming.environ.get("HTTP_HOST"), names):
        raise Misdirected
    if incoming.method not in SAFE_METHODS and not same_origin(incoming.headers):
        raise Forbidden
    if (incoming.content_length or 0) > largest_body(incoming.path, incoming.headers):
        raise RequestEntityTooLarge


def dress(response: Response) -> Response:
    """Put the headers on a response that all of them carry, unless it set a stricter one itself."""
    for name, value in HEADERS:
        response.headers.setdefault(name, value)
    if not response.cache_control:
        response.headers["Cache-Control"] = "no-store"
    return response


def install(app: Flask, allowed_hosts: frozenset[str]) -> None:
    """Guard an application. Must come before any other hook of it."""
    app.before_request(lambda: check(request, allowed_hosts))
    app.after_request(dress)
