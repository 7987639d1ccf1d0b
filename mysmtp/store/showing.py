"""A mailbox as it is shown: its mails as a list, the bytes of LIST, the whole of it in short.

Summaries are made when somebody looks at them, and their first words read from the file. Blocks; the caller holds the
mailbox but where a list asks for more by way of `do`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from mysmtp.contracts import Offload, run_here
from mysmtp.errors import NoSuchMailbox
from mysmtp.message import MailboxSummary, MailSummary
from mysmtp.store.listed import Rows
from mysmtp.store.mailbox import Mailbox
from mysmtp.store.mails import Mails, Stamp, preview_of
from mysmtp.store.measure import measure
from mysmtp.store.record import LISTED, Row

_MANY = 4096  # mails that are gone through at once


def list_mails(mailbox: Mailbox, more: Sequence[MailSummary] = (), do: Offload = run_here) -> Sequence[MailSummary]:
    """Return its mails by rising id, made when asked for by way of `do`, and then `more`.

    Raises NoSuchMailbox, StoreFailed.
    """
    with mailbox.opened(os.O_RDONLY):
        rows, undated = mailbox.index.listed(), mailbox.undated()
        return Mails(
            rows,
            lambda some: do(lambda: _summaries(mailbox, some, undated)),
            lambda: _stamps(rows, do),
            lambda: _sizes_in_lines(mailbox, rows, do),
            more,
            do,
        )


def some(mailbox: Mailbox, mail_ids: Sequence[int]) -> dict[int, MailSummary]:
    """Return some of its mails as a list shows them, by id."""
    rows = [row for mail_id in mail_ids if (row := mailbox.index.row(mail_id))]
    return {mail.id: mail for mail in _summaries(mailbox, rows, mailbox.undated())}


def beginnings(mailbox: Mailbox, mail_ids: Sequence[int], octets: int) -> dict[int, bytes]:
    """Return the first octets of the bodies of some of its mails. Raises NoSuchMailbox, StoreFailed."""
    with mailbox.opened(os.O_RDONLY) as descriptor:
        rows = [row for mail_id in mail_ids if (row := mailbox.index.row(mail_id)) and row.flags in LISTED]
        return {row.id: preview_of(row, descriptor, octets) for row in rows}


def contents(mailbox: Mailbox) -> bytes:
    """Return the rows of LIST. Raises NoSuchMailbox, StoreFailed."""
    with mailbox.opened(os.O_RDONLY):
        return mailbox.index.contents(mailbox.undated().encode())


def summarize(mailbox: Mailbox) -> MailboxSummary:
    """Return the whole mailbox in short. Raises NoSuchMailbox, StoreFailed."""
    with mailbox.opened(os.O_RDONLY) as descriptor:
        index, newest = mailbox.index, mailbox.index.newest()
        places = tuple(mailbox.place(record) for record in mailbox.damaged())
        mail = _summary(mailbox, newest, descriptor, mailbox.undated()) if newest else None
        unseen = mailbox.seen.count_unseen(index)
        return MailboxSummary(mailbox.name, index.mails, index.octets, index.last_id, mail, places, unseen)


def _summaries(mailbox: Mailbox, rows: Sequence[Row], undated: str) -> list[MailSummary]:
    """Return mails as a list shows them; without their first octets where the file is not what it was."""
    try:
        with mailbox.folder.open_files.borrowed(mailbox.file, os.O_RDONLY) as descriptor:
            return [_summary(mailbox, each, descriptor, undated) for each in rows]
    except OSError:
        return [_summary(mailbox, each, -1, undated) for each in rows]


def _summary(mailbox: Mailbox, row: Row, descriptor: int, undated: str) -> MailSummary:
    mail = row.summary(preview_of(row, descriptor) if descriptor >= 0 else b"", mailbox.seen.has(row))
    assert mail is not None  # it is listed
    return mail if mail.date else replace(mail, date=undated)


def _stamps(rows: Rows, do: Offload) -> Iterator[Stamp]:
    """Give the stamps of rows, many at a time and others in between."""
    for start in range(0, len(rows), _MANY):
        yield from do(partial(rows.stamps, start, start + _MANY))


def _sizes_in_lines(mailbox: Mailbox, rows: Rows, do: Offload) -> Sequence[int]:
    """Return the octets of rows of a list in CR LF lines: all that are settled, none if the file is another one."""
    try:
        while not do(partial(_measure_some, mailbox)):
            continue
    except NoSuchMailbox:
        return ()
    return do(lambda: rows.in_lines(mailbox.index.known.columns))


def _measure_some(mailbox: Mailbox) -> bool:
    with mailbox.opened(os.O_RDONLY) as descriptor:
        return measure(mailbox.index.known.columns, descriptor)
