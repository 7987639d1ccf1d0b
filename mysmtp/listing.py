"""The rows of LIST, in one place: a store keeps them, a protocol sends them (docs/protocol.md, LIST and GET_MAIL)."""

from mysmtp.message import MailSummary


def row(mail_id: int, sender: bytes, date: bytes) -> bytes:
    """Return the row of a mail, its line end included; sender and date as they stand in the file."""
    return b"%d: Email from %b (%b)\n" % (mail_id, sender, date)


def row_of(mail: MailSummary) -> bytes:
    """Return the row of a mail."""
    return row(mail.id, mail.sender.encode("utf-8", "surrogateescape"), mail.date.encode("utf-8", "surrogateescape"))
