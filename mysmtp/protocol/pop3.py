"""POP3 as data: states, verbs, replies (RFC 1939, 2449, 2595, 3206, 6856). Its texts stand here and in `pop3_reply`.

authorization --USER--> user given --PASS--> transaction; STLS, before PASS, begins anew in authorization.
QUIT is taken in every state and closes; from transaction it goes through update, where what DELE marked is deleted. A
connection that ends in any other way deletes nothing.

The user is the mailbox, whoever asks for it. No maildrop is locked: ids are never given again, so that two clients of
one mailbox do no harm to each other, and what one deleted is no such message to the other.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from mysmtp import errors, transparency
from mysmtp.crlf import crlf_lines, top_of
from mysmtp.errors import InvalidSyntax, MailFault
from mysmtp.events import MailboxChanged
from mysmtp.protocol import command, smtp_auth
from mysmtp.protocol import pop3_arguments as arguments
from mysmtp.protocol.dialect import Desk, Dialect, Verb, stay, to
from mysmtp.protocol.maildrop import Maildrop
from mysmtp.protocol.outbox import log_failure
from mysmtp.protocol.outcome import Upgrade
from mysmtp.protocol.patience import Patience
from mysmtp.protocol.pop3_reply import END, Refused, failure, refusal
from mysmtp.protocol.pop3_reply import Pop3Reply as Reply
from mysmtp.protocol.reply import LargeReply

AUTHORIZATION, USER, TRANSACTION = "authorization", "user given", "transaction"
EVERY = (AUTHORIZATION, USER, TRANSACTION)
BEFORE = (AUTHORIZATION, USER)
DIGIT: Mapping[str, str] = MappingProxyType({AUTHORIZATION: "0", USER: "1", TRANSACTION: "2"})
PATIENT = 600.0  # seconds that an idle client is waited for at least (RFC 1939 section 3)

_OK = Reply("")
_BYE = Reply("Goodbye")
_NOT_REMOVED = failure("[SYS/TEMP] Goodbye; the deleted messages are not removed")
_MISSING_STEP: Mapping[str, str] = MappingProxyType(
    {AUTHORIZATION: "Send USER and PASS first", USER: "Send PASS first", TRANSACTION: "Already logged in"}
)
_REPLY_TO: Mapping[type[MailFault], Reply] = MappingProxyType(
    {
        errors.UnknownCommand: refusal("Unknown command"),
        errors.InvalidSyntax: refusal("Invalid syntax"),
        errors.LineTooLong: refusal("Line too long"),
        errors.NoSuchMail: refusal("No such message"),
        errors.DamagedMail: failure("[SYS/PERM] The message is damaged"),
        errors.ServerBusy: failure("[SYS/TEMP] Server busy"),
        errors.ShuttingDown: failure("[SYS/TEMP] Server shutting down"),
        errors.IdleTooLong: failure("[SYS/TEMP] Idle too long; nothing is deleted"),
        errors.WrongLogin: refusal("[AUTH] User or password is wrong"),
        errors.TooManyWrongLogins: refusal("[AUTH] Too many wrong logins"),
        errors.TooManyErrors: refusal("Too many errors; nothing is deleted"),
    }
)
_CAPABILITIES = (
    "USER", "TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER", "EXPIRE NEVER",
    "IMPLEMENTATION mysmtp",
)  # fmt: skip


def _refuse(fault: MailFault) -> Reply:
    if isinstance(fault, Refused):
        return fault.reply
    if isinstance(fault, errors.OutOfOrder):
        return refusal(_MISSING_STEP[fault.state])
    reply = _REPLY_TO[type(fault)]
    remark = str(fault) if isinstance(fault, (InvalidSyntax, errors.ServerBusy)) else ""
    return Reply(f"{reply.text}: {remark}", mark=reply.mark) if remark else reply


def _broken(_verb: str, _fault: Exception) -> Reply:
    return failure("[SYS/TEMP] It cannot be done now")


def _greeting(desk: Desk) -> Reply:
    return Reply(f"{desk.name} POP3 mysmtp")  # nothing in angle brackets: that would offer APOP (section 7)


def _user(desk: Desk, mailbox: str) -> Reply:
    """Note who it is said to be. Whether that mailbox exists is not told."""
    desk.session.user = mailbox
    return Reply("Send PASS")


def _log_in(desk: Desk, password: str) -> Reply:
    session = desk.session
    desk.log_in(session.user, password)
    session.maildrop = Maildrop(desk.store, session.user)
    return Reply(_messages(len(session.maildrop)))


def _drop(desk: Desk) -> Maildrop:
    assert desk.session.maildrop is not None
    return desk.session.maildrop


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _stat(desk: Desk, _argument: None) -> Reply:
    drop = _drop(desk)
    return Reply(f"{len(drop)} {drop.octets}")


def _list(desk: Desk, number: int | None) -> Reply:
    drop = _drop(desk)
    if number is not None:
        return Reply(f"{number} {drop.size(number)}")
    return Reply(_messages(len(drop)), drop.scan_listings())


def _uidl(desk: Desk, number: int | None) -> Reply:
    drop = _drop(desk)
    if number is not None:
        return Reply(f"{number} {drop.unique_id(number)}")
    lines = "".join(f"{number} {unique}\r\n" for number, unique in drop.unique_ids())
    return Reply(_messages(len(drop)), lines.encode("ascii"))


def _retr(desk: Desk, number: int) -> Reply | LargeReply:
    drop, octets = _drop(desk), 0

    def counted(pieces: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal octets
        octets = 0  # a mail may be poured anew
        for piece in crlf_lines(pieces):
            octets += len(piece)
            yield piece

    def through(pieces: Iterator[bytes]) -> Iterator[bytes]:
        yield from transparency.stuffed(counted(pieces))
        yield END

    large = drop.pour(number, through, lambda _: b"+OK %d octets\r\n" % octets)
    if large is not None:
        return LargeReply(large)
    mail = drop.read(number)
    return Reply(f"{len(mail)} octets", mail)


def _top(desk: Desk, argument: tuple[int, int]) -> Reply | LargeReply:
    (number, lines), drop = argument, _drop(desk)

    def through(pieces: Iterator[bytes]) -> Iterator[bytes]:
        yield from transparency.stuffed(top_of(crlf_lines(pieces), lines))
        yield END

    large = drop.pour(number, through, lambda _: b"+OK\r\n")
    if large is not None:
        return LargeReply(large)
    return Reply("", b"".join(top_of([drop.read(number)], lines)))


def _dele(desk: Desk, number: int) -> Reply:
    _drop(desk).mark(number)
    return Reply(f"Message {number} goes when you QUIT")


def _rset(desk: Desk, _argument: None) -> Reply:
    drop = _drop(desk)
    drop.unmark()
    return Reply(_messages(len(drop)))


def _noop(_desk: Desk, _argument: None) -> Reply:
    return _OK


def _quit(desk: Desk, _argument: None) -> Reply:
    """Update: delete what is marked (RFC 1939 section 6). Whatever comes of it, the session ends."""
    drop = desk.session.maildrop
    if drop is None:
        return _BYE
    try:
        removed = drop.remove_marked()
    except errors.StoreFailed as fault:
        log_failure("QUIT", fault)
        return _NOT_REMOVED
    if removed:
        desk.tell(MailboxChanged(desk.session.id, drop.mailbox))
    return _BYE


def _capa(desk: Desk, _argument: None) -> Reply:
    offered = [*_CAPABILITIES]
    if desk.upgrades and not desk.session.tls:
        offered.append("STLS")
    return Reply("", "".join(f"{line}\r\n" for line in offered).encode())


def _stls(desk: Desk, _argument: None) -> Upgrade:
    if desk.session.tls:
        raise Refused(refusal("TLS has begun already"))
    if not desk.upgrades:
        raise Refused(refusal("STLS is not offered"))
    return Upgrade(Reply("Begin TLS"))


def _utf8(_desk: Desk, _argument: None) -> Reply:
    """Agree: names are UTF-8 anyway, and every mail is sent as it is, whether this was said or not."""
    return Reply("UTF-8 it is")


def _not_here(_desk: Desk, _argument: str) -> Reply:
    raise Refused(refusal("Not offered; send USER and PASS"))


_IN_TRANSACTION = stay((TRANSACTION,))
_APOP = Verb(stay(BEFORE), arguments.anything, _not_here, mask=command.hidden, vain=frozenset(BEFORE))
_AUTH = Verb(stay(BEFORE), arguments.anything, _not_here, mask=smtp_auth.mask, vain=frozenset(BEFORE))  # RFC 5034
_VERBS = {
    "USER": Verb(to(USER, BEFORE), arguments.user_name, _user),
    "PASS": Verb(to(TRANSACTION, (USER,)), arguments.password, _log_in, octets=True, mask=command.hidden),
    "APOP": _APOP,
    "AUTH": _AUTH,
    "STLS": Verb(to(AUTHORIZATION, BEFORE), arguments.nothing, _stls, upgrades=True),
    "UTF8": Verb(stay(BEFORE), arguments.nothing, _utf8),
    "STAT": Verb(_IN_TRANSACTION, arguments.nothing, _stat),
    "LIST": Verb(_IN_TRANSACTION, arguments.message_or_all, _list),
    "UIDL": Verb(_IN_TRANSACTION, arguments.message_or_all, _uidl),
    "RETR": Verb(_IN_TRANSACTION, arguments.message, _retr),
    "TOP": Verb(_IN_TRANSACTION, arguments.message_and_lines, _top),
    "DELE": Verb(_IN_TRANSACTION, arguments.message, _dele),
    "RSET": Verb(_IN_TRANSACTION, arguments.nothing, _rset),
    "NOOP": Verb(_IN_TRANSACTION, arguments.nothing, _noop),
    "CAPA": Verb(stay(EVERY), arguments.nothing, _capa),
    "QUIT": Verb(stay(EVERY), arguments.nothing, _quit, ends=True),
}

POP3 = Dialect(
    name="pop3",
    initial=AUTHORIZATION,
    verbs=MappingProxyType(_VERBS),
    digit=DIGIT,
    refuse=_refuse,
    broken=_broken,
    greeting=_greeting,
    patience=Patience(errors=100),
)
