"""My_SMTP as data: states, verbs, replies (docs/protocol.md). The only place where its reply codes and texts stand.

initial --HELO--> greeted --MAIL FROM--> sender known --RCPT TO--> recipient known --DATA--> delivered
HELO is taken in every state and starts over in greeted; LIST and GET_MAIL, from greeted on, change no state; MAIL
FROM steps back to sender known; delivered is initial with LIST and GET_MAIL allowed.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from mysmtp import errors, transparency
from mysmtp.address import NULL, Address, mailbox_name, parse_path, same_domain
from mysmtp.errors import InvalidSyntax, MailFault
from mysmtp.message import Body, MailSummary, StoredMail
from mysmtp.protocol.content import DottedContent, Given
from mysmtp.protocol.dialect import Desk, Dialect, Segments, Verb, stay, to
from mysmtp.protocol.my_smtp_reply import MySmtpReply as Reply
from mysmtp.protocol.outcome import Expect, Owed
from mysmtp.protocol.reply import LARGE, LargeReply
from mysmtp.protocol.room import NoRoom
from mysmtp.protocol.transaction import Transaction

INITIAL, GREETED, SENDER, RECIPIENT, DELIVERED = "initial", "greeted", "sender known", "recipient known", "delivered"
EVERY = (INITIAL, GREETED, SENDER, RECIPIENT, DELIVERED)
DIGIT: Mapping[str, str] = MappingProxyType({INITIAL: "0", GREETED: "1", SENDER: "2", RECIPIENT: "3", DELIVERED: "0"})

_OK = Reply(200, "OK")
_STORED = Reply(200, "Message stored successfully")
_GO_AHEAD = Reply(200, "Enter message, end with a single dot (.) on a line of its own")
_MISSING_STEP: Mapping[str, str] = MappingProxyType(
    {
        INITIAL: "Send HELO first",
        DELIVERED: "Send HELO first",
        GREETED: "Send MAIL FROM first",
        SENDER: "Send RCPT TO first",
    }
)
_REPLY_TO: Mapping[type[MailFault], Reply] = MappingProxyType(
    {
        errors.UnknownCommand: Reply(400, "Unknown command"),
        errors.InvalidSyntax: Reply(400, "Invalid syntax"),
        errors.InvalidAddress: Reply(400, "Invalid email format, missing @"),
        errors.DomainMismatch: Reply(400, "Sender domain does not match HELO domain"),
        errors.LineTooLong: Reply(400, "Line too long"),
        errors.MessageTooLarge: Reply(400, "Message too large"),
        errors.TooManyRecipients: Reply(400, "Too many recipients"),
        errors.NoSuchMailbox: Reply(401, "Requested email does not exist"),
        errors.NoSuchMail: Reply(401, "Email not found"),
        errors.DamagedMail: Reply(500, "Failed to read message"),
        errors.ServerBusy: Reply(500, "Server busy"),
        errors.ShuttingDown: Reply(500, "Server shutting down"),
        errors.IdleTooLong: Reply(500, "Idle too long"),
    }
)
_REMARKABLE = (
    errors.InvalidSyntax,
    errors.InvalidAddress,
    errors.DomainMismatch,
    errors.TooManyRecipients,
    errors.ServerBusy,
)


def refuse(fault: MailFault) -> Reply:
    """Return the reply to a fault; after a text of the table it may go on to say what was wrong."""
    if isinstance(fault, errors.OutOfOrder):
        return Reply(403, _MISSING_STEP[fault.state])
    reply = _REPLY_TO[type(fault)]
    remark = str(fault) if isinstance(fault, _REMARKABLE) else ""
    return Reply(reply.code, f"{reply.text}: {remark}") if remark else reply


def _one_word(argument: str) -> str:
    if not argument or " " in argument:
        raise InvalidSyntax("HELO takes one word, a domain")
    return argument


def _word_after(verb: str, keyword: str, argument: str) -> str:
    """Return the one word that follows `keyword` and a colon. Raises InvalidSyntax if that is not what stands there."""
    before, colon, after = argument.partition(":")
    word = after.strip(" ")
    if before.rstrip(" ").upper() == keyword and word and " " not in word:
        return word
    if not colon and argument.upper().startswith(f"{keyword} "):
        raise InvalidSyntax(f"a colon is missing after {verb} {keyword}")
    raise InvalidSyntax(f"{verb} {keyword}: takes one email")


def _reverse_path(argument: str) -> Address:
    return parse_path(_word_after("MAIL", "FROM", argument))


def _forward_path(argument: str) -> Address:
    path = parse_path(_word_after("RCPT", "TO", argument))
    if path == NULL:
        raise errors.InvalidAddress("a recipient is never empty")
    return path


def _mailbox(argument: str) -> str:
    if not argument or " " in argument:
        raise InvalidSyntax("LIST takes one email")
    return mailbox_name(argument)


def _mailbox_and_id(argument: str) -> tuple[str, str]:
    words = [word for word in argument.split(" ") if word]  # other white space is part of a word
    if len(words) != 2:
        raise InvalidSyntax("GET_MAIL takes an email and an id")
    return mailbox_name(words[0]), words[1]


def _nothing(argument: str) -> None:
    if argument:
        raise InvalidSyntax("QUIT stands alone")


def _message_in_line(argument: bytes) -> bytes | None:
    """Return the body of an inline message, None for DATA alone: spaces after it do not count."""
    return argument + b"\n" if argument.strip(b" ") else None


def _helo(desk: Desk, domain: str) -> Reply:
    desk.session.helo = domain
    desk.session.transaction = None
    return _OK


def _mail(desk: Desk, path: Address) -> Reply:
    if path != NULL and not same_domain(path.domain, desk.session.helo):
        raise errors.DomainMismatch(f"{path.domain} is not {desk.session.helo}")
    desk.session.transaction = Transaction(path)
    return _OK


def _rcpt(desk: Desk, path: Address) -> Reply:
    assert desk.session.transaction is not None
    desk.session.transaction.add_recipient(path)
    return _OK


def _data(desk: Desk, body: bytes | None) -> Expect:
    if body is None:
        return Expect(_GO_AHEAD, DottedContent(desk.max_message_size, desk.room), _deliver)
    return Expect(None, Given(body), _deliver)


def _deliver(desk: Desk, body: Body | NoRoom | None) -> Owed:
    transaction, desk.session.transaction = desk.session.transaction, None
    assert transaction is not None
    if isinstance(body, NoRoom):
        raise errors.out_of_room()
    if body is None or len(body) > desk.max_message_size:
        raise errors.MessageTooLarge
    if not desk.room.can_file(len(body), transaction.copies):
        raise errors.disk_full()
    trace = desk.session.trace(DIGIT[DELIVERED])
    return Owed(_STORED, desk.deliverer.deliver(transaction.envelope, body, trace), len(body))


def _list(desk: Desk, mailbox: str) -> Reply:
    return Reply(200, "OK", desk.store.contents(mailbox), dotless=True)


def _get_mail(desk: Desk, argument: tuple[str, str]) -> Reply | LargeReply:
    mailbox, word = argument
    if not (word.isascii() and word.isdigit()):
        desk.store.summary(mailbox)  # a mailbox that does not exist is said first
        raise InvalidSyntax("an id is digits")
    if desk.fetch is None:
        return _whole(desk.store.read(mailbox, int(word)))
    fetched = partial(desk.fetch, mailbox, int(word), LARGE)
    mail = fetched(_stuffed, _beginning)
    if not isinstance(mail, memoryview):
        return _whole(mail)
    if desk.session.in_lines:
        return LargeReply(mail, "OK")
    segment = fetched(_unended, _beginning)  # whether the reply goes out as a segment is known when it does
    return LargeReply(mail, "OK", segment=segment) if isinstance(segment, memoryview) else _whole(segment)


def _whole(mail: StoredMail) -> Reply:
    return Reply(200, "OK", _head(mail.summary) + mail.body)


def _beginning(mail: MailSummary) -> bytes:
    return _OK.line + _head(mail)


def _head(mail: MailSummary) -> bytes:
    return f"From: {mail.sender}\nDate: {mail.date}\n".encode("utf-8", "surrogateescape")


def _stuffed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from transparency.stuffed(transparency.ended(pieces))
    yield transparency.END


def _unended(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give all pieces but the LF that ends the last one."""
    held = b""
    for piece in pieces:
        octets = held + piece
        held = b"\n" if octets.endswith(b"\n") else b""
        yield octets.removesuffix(b"\n")


def _quit(_desk: Desk, _argument: None) -> Reply:
    return Reply(200, "Goodbye")


_FROM_GREETED = (GREETED, SENDER, RECIPIENT)
_LOOKING = (*_FROM_GREETED, DELIVERED)


def _broken(verb: str, _fault: Exception) -> Reply:
    return Reply(500, "Failed to store message" if verb == "DATA" else "Failed to read message")


MY_SMTP = Dialect(
    name="my_smtp",
    initial=INITIAL,
    verbs=MappingProxyType(
        {
            "HELO": Verb(to(GREETED, EVERY), _one_word, _helo, brief=True),
            "MAIL": Verb(to(SENDER, _FROM_GREETED), _reverse_path, _mail, brief=True),
            "RCPT": Verb(to(RECIPIENT, (SENDER, RECIPIENT)), _forward_path, _rcpt, brief=True),
            "DATA": Verb(to(DELIVERED, (RECIPIENT,)), _message_in_line, _data, octets=True, brief=True),
            "LIST": Verb(stay(_LOOKING), _mailbox, _list, looks=True),
            "GET_MAIL": Verb(stay(_LOOKING), _mailbox_and_id, _get_mail, looks=True),
            "QUIT": Verb(stay(EVERY), _nothing, _quit, ends=True, brief=True),
        }
    ),
    digit=DIGIT,
    refuse=refuse,
    broken=_broken,
    segments=Segments("DATA", _deliver),
)
