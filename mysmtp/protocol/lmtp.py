"""LMTP as data (RFC 2033): SMTP but for LHLO, and a reply for each recipient after a mail."""

from types import MappingProxyType

from mysmtp.address import Address
from mysmtp.errors import MailFault, OutOfOrder, StoreFailed, TooManyRecipients
from mysmtp.protocol import smtp, smtp_mail
from mysmtp.protocol.dialect import Desk, Dialect, Verb, to
from mysmtp.protocol.outbox import log_failure
from mysmtp.protocol.outcome import Outcome, Owed
from mysmtp.protocol.readers import Gathered
from mysmtp.protocol.smtp_parameters import Given
from mysmtp.protocol.smtp_reply import RepliesInTurn, SmtpReply, broken, refuse


def _refuse(fault: MailFault) -> SmtpReply:
    return smtp.out_of_order(fault, "LHLO") if isinstance(fault, OutOfOrder) else refuse(fault)


def _greeting(desk: Desk) -> SmtpReply:
    return SmtpReply(220, "", f"{desk.name} LMTP mysmtp")


def _rcpt(desk: Desk, argument: tuple[Address, Given]) -> SmtpReply:
    """Add a recipient, and count it though it was named before: each is answered (RFC 2033 section 4.2)."""
    transaction = desk.session.transaction
    assert transaction is not None
    if len(transaction.accepted) >= smtp_mail.MAX_RECIPIENTS:
        raise TooManyRecipients(f"a mail has at most {smtp_mail.MAX_RECIPIENTS}")
    reply = smtp_mail.rcpt(desk, argument)
    transaction.accepted.append(str(argument[0]))
    return reply


def _store(desk: Desk, gathered: Gathered) -> Outcome:
    """Hand over a mail for all its recipients; they share what comes of it, for all copies are stored or none."""
    transaction = desk.session.transaction
    assert transaction is not None

    def to_each(reply: SmtpReply) -> RepliesInTurn:
        return RepliesInTurn((reply,) * len(transaction.accepted))

    def failed(fault: Exception) -> RepliesInTurn:
        return to_each(broken("DATA", fault))

    try:
        owed = smtp_mail.store(desk, gathered)
    except StoreFailed as fault:
        log_failure("DATA", fault)
        return failed(fault)
    except MailFault as fault:
        return to_each(refuse(fault))
    return Owed(to_each(smtp_mail.STORED), owed.receipt, owed.octets, failed)


LMTP = Dialect(
    name="lmtp",
    initial=smtp.CONNECTED,
    verbs=smtp.verbs(
        MappingProxyType({"LHLO": Verb(to(smtp.GREETED, smtp.EVERY), smtp.one_word, smtp.greet)}), _rcpt, _store
    ),
    digit=smtp.DIGIT,
    refuse=_refuse,
    broken=broken,
    greeting=_greeting,
    crlf=True,
    patience=smtp.PATIENCE,
    min_rate=smtp.MIN_RATE,
)
