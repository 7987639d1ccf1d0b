"""Mails out of files, one after the other, with the envelope that the file or the mail's header tells of.

A mail's octets are what lies in the file, but for what an mbox puts round it and before its lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from typing import BinaryIO

from mysmtp.files import mbox
from mysmtp.files.finding import Passed, Source
from mysmtp.mime.addresses import read_addresses
from mysmtp.mime.fields import Header, read_header
from mysmtp.mime.heading import read_date
from mysmtp.mime.limits import WHOLE
from mysmtp.mime.words import text_of, unfolded
from mysmtp.parcel import LARGEST, Parcel

_ENVELOPE = ("x-original-to", "delivered-to")  # what delivering programs write of RCPT; the newest stands on top
_NAMED = ("to", "cc", "bcc")
_ANGLE = re.compile(r"<([^<>\s]*)>")
_MAILDIR = re.compile(r"(\d{1,11})\.(?:[^,:]*?M(\d{1,6}))?")  # https://cr.yp.to/proto/maildir.html


@dataclass(frozen=True, slots=True)
class Found:
    """A mail ready to be stored, what to call it in a message, and how far into its file it reaches."""

    parcel: Parcel
    what: str
    end: int


def read(source: Source, recipients: Sequence[str]) -> Iterator[Found | Passed]:
    """Give the mails of a file, for these recipients or, if there are none, those that each header names."""
    try:
        with source.path.open("rb") as stream:
            if source.kind == "mbox":
                yield from read_mbox(stream, str(source.path), recipients)
            else:
                yield _one(source, stream, recipients)
    except OSError as fault:
        yield Passed(str(source.path), fault.strerror or str(fault))


def read_stream(stream: BufferedReader, name: str, recipients: Sequence[str]) -> Iterator[Found | Passed]:
    """Give the mails of a stream: an mbox if it begins as one, else a single mail; none of an empty one."""
    if mbox.is_mbox(stream.peek(5)):
        yield from read_mbox(stream, name, recipients)
    elif body := stream.read(LARGEST + 1):
        too_large = len(body) > LARGEST
        yield Passed(name, _too_large()) if too_large else _addressed(name, body, recipients, None, None, None, 0)


def read_mbox(stream: BinaryIO, name: str, recipients: Sequence[str]) -> Iterator[Found | Passed]:
    """Give the mails of an mbox."""
    for number, entry in enumerate(mbox.read(stream, LARGEST), 1):
        what = f"{name}, mail {number:,} at octet {entry.start:,}"
        if entry.body is None:
            yield Passed(what, _too_large())
        else:
            yield _addressed(what, entry.body, recipients, entry.sender, entry.arrived, None, entry.end)


def _one(source: Source, stream: BinaryIO, recipients: Sequence[str]) -> Found | Passed:
    """Return the mail of a file that holds one."""
    body = stream.read(LARGEST + 1)
    what = str(source.path)
    if len(body) > LARGEST:
        return Passed(what, _too_large())
    arrived = _moment_in(source.path.name) if source.kind == "maildir" else None
    written = datetime.fromtimestamp(source.path.stat().st_mtime, UTC)
    return _addressed(what, body, recipients, None, arrived, written, len(body))


def _addressed(
    what: str,
    body: bytes,
    recipients: Sequence[str],
    sender: str | None,
    arrived: datetime | None,
    otherwise: datetime | None,
    end: int,
) -> Found | Passed:
    """Return a mail with its envelope; what its file does not tell, the header may."""
    header = read_header(body, limits=WHOLE)
    if header.end > WHOLE.header and not recipients:
        return Passed(what, "a header of more than 1 MiB, too long to tell for whom it is; give a recipient with --to")
    paths = tuple(recipients) or recipients_in(header)
    if not paths:
        return Passed(what, "no recipient in its header; give one with --to")
    sender = sender_in(header) if sender is None else sender
    arrived = arrived or read_date(text_of(unfolded(header.raw("date"))).text) or otherwise
    return Found(Parcel(sender, paths, body, arrived), what, end)


def recipients_in(header: Header) -> tuple[str, ...]:
    """Return whom a mail was for: whom it was delivered to, if its header tells, else To, Cc and Bcc."""
    for name in _ENVELOPE:
        if header.raw(name):
            found = _addresses(header.raw(name))
            if found:
                return found
    return tuple(dict.fromkeys(path for name in _NAMED for each in header.all(name) for path in _addresses(each.raw)))


def sender_in(header: Header) -> str:
    """Return whom a mail was from: its Return-Path, else the first address of From; ``""`` where neither tells."""
    path = _ANGLE.search(text_of(unfolded(header.raw("return-path"))).text)
    if path:
        return path[1]
    return next(iter(_addresses(header.raw("from"))), "")


def _addresses(raw: bytes) -> tuple[str, ...]:
    return tuple(
        mailbox.address for mailbox in read_addresses(raw, WHOLE).mailboxes if "@" in mailbox.address.strip("@")
    )


def _moment_in(name: str) -> datetime | None:
    """Return when a mail came, as the name of its file in a Maildir tells."""
    found = _MAILDIR.match(name)
    if not found:
        return None
    return datetime.fromtimestamp(int(found[1]), UTC).replace(microsecond=int(found[2] or 0))


def _too_large() -> str:
    return f"larger than {LARGEST >> 20} MiB"
