"""SMTP's mail transaction: what MAIL, RCPT, DATA and BDAT take and do (RFC 5321 section 3.3, RFC 3030).

Which of them is allowed when is not decided here but in the table (`smtp`).
"""

import re
from collections.abc import Callable

from mysmtp import errors
from mysmtp.address import NULL, Address, take_path
from mysmtp.errors import InvalidSyntax
from mysmtp.protocol import smtp_parameters
from mysmtp.protocol.dialect import Desk
from mysmtp.protocol.outcome import Expect, Outcome, Owed
from mysmtp.protocol.readers import CountedContent, Gathered, Gathering, StrictContent
from mysmtp.protocol.smtp_parameters import OF_MAIL, OF_RCPT, Given
from mysmtp.protocol.smtp_reply import Refused, RefusedForGood, SmtpReply
from mysmtp.protocol.transaction import Transaction

MAX_RECIPIENTS = 1000  # RFC 5321 section 4.5.3.1.8 asks for 100 at least
STORED = SmtpReply(250, "2.0.0", "Message stored")
_SENDER_OK = SmtpReply(250, "2.1.0", "Sender OK")
_RECIPIENT_OK = SmtpReply(250, "2.1.5", "Recipient OK")
_GO_AHEAD = SmtpReply(354, "", "Enter message, end with a single dot (.) on a line of its own")
_STORED_DIGIT = "0"  # how a mail's shape ends
_CHUNK = re.compile(r"([0-9]{1,20})( +LAST)?", re.IGNORECASE)

Then = Callable[[Desk, Gathered], Outcome]


def _path_after(keyword: str, argument: str, syntax: smtp_parameters.Syntax) -> tuple[Address, Given]:
    """Return the path after `FROM:` or `TO:`, and the parameters after it; spaces after the colon do no harm."""
    word, colon, rest = argument.partition(":")
    if not colon or word.upper() != keyword:
        raise InvalidSyntax(f"write {keyword}:<local-part@domain>")
    path, words = take_path(rest.lstrip(" "))
    return path, smtp_parameters.parse(words, syntax) if words else smtp_parameters.NONE


def reverse_path(argument: str) -> tuple[Address, Given]:
    """Return what MAIL is given."""
    return _path_after("FROM", argument, OF_MAIL)


def forward_path(argument: str) -> tuple[Address, Given]:
    """Return what RCPT is given."""
    path, given = _path_after("TO", argument, OF_RCPT)
    if path == NULL:
        raise errors.InvalidAddress("a recipient is never empty")
    return path, given


def chunk(argument: str) -> tuple[int, bool]:
    """Return the size of a chunk, and whether it is the last. Without a size nobody knows where it would end."""
    found = _CHUNK.fullmatch(argument)
    if not found:
        raise RefusedForGood(501, "5.5.4", "BDAT takes a number of octets, and perhaps LAST")
    return int(found[1]), found[2] is not None


def mail(desk: Desk, argument: tuple[Address, Given]) -> SmtpReply:
    """Begin a mail."""
    if desk.login_first and not desk.session.user:
        raise Refused(530, "5.7.0", "Authentication required")  # RFC 4954 section 6
    path, given = argument
    _check_extended(desk, given)
    if given.size > desk.max_message_size:
        raise errors.MessageTooLarge
    if not desk.room.can_keep(given.size):
        raise Refused(452, "4.3.1", "No room to store the message now")  # RFC 1870 section 6.1
    _check_utf8(path, given.utf8)
    desk.session.transaction = Transaction(path, given.kept, MAX_RECIPIENTS)
    return _SENDER_OK


def rcpt(desk: Desk, argument: tuple[Address, Given]) -> SmtpReply:
    """Add a recipient: any address will do."""
    path, given = argument
    transaction = _transaction(desk)
    _check_extended(desk, given)
    _check_utf8(path, ("smtputf8", "1") in transaction.parameters)
    transaction.add_recipient(path, given.kept)
    return _RECIPIENT_OK


def _check_extended(desk: Desk, given: Given) -> None:
    if given is not smtp_parameters.NONE and not desk.session.extended:
        raise Refused(555, "5.5.4", "Parameters are offered to EHLO only")


def _check_utf8(path: Address, allowed: bool) -> None:
    if not allowed and not str(path).isascii():
        raise Refused(553, "5.6.7", "An address that is not ASCII needs SMTPUTF8 in MAIL")  # RFC 6531 section 3.5


def _transaction(desk: Desk) -> Transaction:
    assert desk.session.transaction is not None
    return desk.session.transaction


def data(then: Then) -> Callable[[Desk, None], Outcome]:
    """Return what DATA does: ask for a mail, then do `then` with it."""

    def run(desk: Desk, _argument: None) -> Expect:
        if _is_binary(_transaction(desk)):
            raise Refused(503, "5.5.1", "BODY=BINARYMIME goes by BDAT")  # RFC 3030 section 3
        return Expect(_GO_AHEAD, StrictContent(desk.max_message_size, desk.room), then, alone=True)

    return run


def bdat(then: Then, after_last: str) -> Callable[[Desk, tuple[int, bool]], Outcome]:
    """Return what BDAT does: read its octets, then, if they are the last, do `then` with the mail (RFC 3030)."""

    def run(desk: Desk, argument: tuple[int, bool]) -> Expect:
        size, last = argument
        session = desk.session
        transaction = session.transaction
        if transaction is None or not transaction.has_recipients:
            return Expect(None, CountedContent(Gathering(0), size), _out_of_order, session.state)
        gathering = transaction.gathering = transaction.gathering or Gathering(desk.max_message_size, desk.room)
        gathering.expect(size)
        content = CountedContent(gathering, size)
        return Expect(None, content, _finished(then), after_last) if last else Expect(None, content, _taken(size))

    return run


def _taken(size: int) -> Callable[[Desk, None], Outcome]:
    def run(desk: Desk, _nothing: None) -> SmtpReply:
        if _gathering(desk).too_large:
            raise errors.MessageTooLarge
        if _gathering(desk).crowded:
            raise errors.out_of_room()
        return SmtpReply(250, "2.0.0", f"{size} octets received")

    return run


def _finished(then: Then) -> Callable[[Desk, None], Outcome]:
    def run(desk: Desk, _nothing: None) -> Outcome:
        gathered = _gathering(desk).take()
        return then(desk, gathered._replace(bare=gathered.bare and not _is_binary(_transaction(desk))))

    return run


def _out_of_order(desk: Desk, _nothing: None) -> Outcome:
    raise errors.OutOfOrder("BDAT", desk.session.state)


def _gathering(desk: Desk) -> Gathering:
    gathering = _transaction(desk).gathering
    assert gathering is not None
    return gathering


def _is_binary(transaction: Transaction) -> bool:
    return ("body", "BINARYMIME") in transaction.parameters


def store(desk: Desk, gathered: Gathered) -> Owed:
    """Hand over a mail that was read whole; the transaction is over whatever comes of it."""
    transaction, desk.session.transaction = _transaction(desk), None
    if gathered.crowded:
        raise errors.out_of_room()
    if gathered.octets is None:
        raise errors.MessageTooLarge
    if gathered.bare:
        raise errors.BareNewline
    if not desk.room.can_file(len(gathered.octets), transaction.copies):
        raise errors.disk_full()
    trace = desk.session.trace(_STORED_DIGIT, transaction)
    receipt = desk.deliverer.deliver(transaction.envelope, gathered.octets, trace)
    return Owed(STORED, receipt, len(gathered.octets))
