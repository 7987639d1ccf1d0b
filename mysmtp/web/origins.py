"""The list a mail was opened from: its mailbox's own, all mail, or what a search found; and what is round it there.

It stands in the addresses of the mail's pages (`list=all`, or `q=` and the search), so that it needs no JavaScript and
a page can be opened again as it was. What means no such list means the mailbox's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from flask import request, url_for

from mysmtp.powers import Gathering
from mysmtp.search.query import Unreadable, read_query
from mysmtp.web.presenting import plain
from mysmtp.web.site import site
from mysmtp.web.urls import mail_key

MailAt = tuple[str, int]  # mailbox and id


@dataclass(frozen=True, slots=True)
class Origin:
    """Which list: `query` is what was searched for."""

    kind: Literal["mailbox", "all", "search"] = "mailbox"
    query: str = ""

    @property
    def args(self) -> Mapping[str, Any]:
        """Return what tells it in the address of a mail's page."""
        return {"q": self.query} if self.kind == "search" else {"list": "all"} if self.kind == "all" else {}

    def label(self, name: str) -> str:
        """Return what the list is called, opened at a mail of this mailbox."""
        return {"mailbox": plain(name), "all": "All mail", "search": plain(self.query)}[self.kind]

    def address(self, name: str, before: str | int | None = None) -> str:
        """Return the address of the list, or of the part of it below a key."""
        if self.kind == "search":
            return url_for("search.search", q=self.query, before=before)
        if self.kind == "all":
            return url_for("pages.across", before=before)
        return url_for("pages.mailbox", name=name, before=before)

    def row(self, mail: MailAt) -> str:
        """Return the id that the row of a mail has on the list's page."""
        return f"mail-{mail[1] if self.kind == 'mailbox' else mail_key(*mail)}"


MAILBOX = Origin()
ALL = Origin("all")


def asked() -> Origin:
    """Return the list that the address of this request tells."""
    return _origin(request.args.get("list", ""), request.args.get("q", ""))


def at(address: str) -> Origin:
    """Return the list that stands at an address of ours, or that the page of a mail there was opened from."""
    parts = urlsplit(address)
    told = {key: values[0] for key, values in parse_qs(parts.query).items()}
    if parts.path == url_for("pages.across"):
        return _origin("all", "")
    if site().index is not None and parts.path == url_for("search.search"):
        return _origin("", told.get("q", ""))
    return _origin(told.get("list", ""), told.get("q", "")) if parts.path.startswith("/mailbox/") else MAILBOX


def _origin(listed: str, query: str) -> Origin:
    if listed == "all" and isinstance(site().store, Gathering):
        return ALL
    if query.strip() and site().index is not None:
        try:
            return Origin("search", query) if read_query(query).parts else MAILBOX
        except Unreadable:
            return MAILBOX
    return MAILBOX
