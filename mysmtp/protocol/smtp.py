"""SMTP as data: states, verbs, replies (RFC 5321, and the extensions that EHLO offers).

connected --EHLO--> greeted --MAIL--> sender known --RCPT--> recipient known --DATA or BDAT LAST--> greeted
EHLO and HELO are taken in every state and, like RSET, step back to greeted; the first BDAT leads to chunks, where only
BDAT goes on. STARTTLS begins anew in connected. BDAT is read in every state, for its octets follow it whatever the
answer is; where it is out of order it is refused after them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mysmtp import errors
from mysmtp.address import Address
from mysmtp.errors import InvalidSyntax, MailFault
from mysmtp.protocol import smtp_auth
from mysmtp.protocol.dialect import Desk, Dialect, Verb, stay, to
from mysmtp.protocol.outcome import Upgrade
from mysmtp.protocol.patience import Patience
from mysmtp.protocol.smtp_mail import Then, bdat, chunk, data, forward_path, mail, rcpt, reverse_path, store
from mysmtp.protocol.smtp_parameters import Given
from mysmtp.protocol.smtp_reply import Refused, SmtpReply, broken, refuse

CONNECTED, GREETED, SENDER, RECIPIENT, CHUNKS = "connected", "greeted", "sender known", "recipient known", "chunks"
EVERY = (CONNECTED, GREETED, SENDER, RECIPIENT, CHUNKS)
SINCE_GREETED = EVERY[1:]
DIGIT: Mapping[str, str] = MappingProxyType({CONNECTED: "0", GREETED: "1", SENDER: "2", RECIPIENT: "3", CHUNKS: "3"})
MIN_RATE = 500  # octets a second

PATIENCE = Patience(errors=20, idling=100, idle_verbs=frozenset({"NOOP", "RSET", "VRFY", "HELP"}))
_BYE = SmtpReply(221, "2.0.0", "Goodbye")
_OK = SmtpReply(250, "2.0.0", "OK")
_VRFY = SmtpReply(252, "2.1.5", "Every address is taken; mail for it makes its mailbox")
_READY_FOR_TLS = SmtpReply(220, "2.0.0", "Ready to start TLS")
_EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "ENHANCEDSTATUSCODES", "HELP")


def out_of_order(fault: errors.OutOfOrder, hello: str) -> SmtpReply:
    """Return the reply to a verb that is not allowed now: the first step that is missing, or what is in its way."""
    if fault.state == CONNECTED:
        missing = f"Send {hello} first"
    elif fault.state == GREETED:
        missing = "Send MAIL FROM first"
    elif fault.state == CHUNKS:
        missing = "Go on with BDAT, or send RSET"
    elif fault.verb in ("MAIL", "AUTH"):
        missing = "A mail is under way; RSET drops it"
    else:
        missing = "Send RCPT TO first"
    return SmtpReply(503, "5.5.1", missing)


def _refuse(fault: MailFault) -> SmtpReply:
    return out_of_order(fault, "EHLO") if isinstance(fault, errors.OutOfOrder) else refuse(fault)


def greeting(desk: Desk) -> SmtpReply:
    """Return what is said at connect."""
    return SmtpReply(220, "", f"{desk.name} ESMTP mysmtp")


def one_word(argument: str) -> str:
    """Return the name a client gives itself: any one word, for nothing is looked up (RFC 5321 section 4.1.4)."""
    if not argument or " " in argument:
        raise InvalidSyntax("say your domain or [address], one word")
    return argument


def nothing(argument: str) -> None:
    """Refuse an argument where there is none."""
    if argument:
        raise InvalidSyntax("this command stands alone")


def anything(argument: str) -> str:
    """Take any argument, and none."""
    return argument


def _something(argument: str) -> str:
    if not argument:
        raise InvalidSyntax("VRFY takes a name")
    return argument


def greet(desk: Desk, name: str) -> SmtpReply:
    """EHLO and LHLO: begin anew, and tell what is offered (RFC 5321 section 4.1.1.1)."""
    _begin(desk, name, extended=True)
    offered = [*_EXTENSIONS, f"SIZE {desk.max_message_size}", f"AUTH {' '.join(smtp_auth.MECHANISMS)}"]
    if desk.upgrades and not desk.session.tls:
        offered.append("STARTTLS")
    return SmtpReply(250, "", "\n".join([f"{desk.name} greets you", *offered]))


def _helo(desk: Desk, name: str) -> SmtpReply:
    _begin(desk, name, extended=False)
    return SmtpReply(250, "", f"{desk.name} greets you")


def _begin(desk: Desk, name: str, *, extended: bool) -> None:
    desk.session.helo, desk.session.extended, desk.session.transaction = name, extended, None


def _rset(desk: Desk, _argument: None) -> SmtpReply:
    desk.session.transaction = None
    return _OK


def _noop(_desk: Desk, _argument: str) -> SmtpReply:
    return _OK


def _vrfy(_desk: Desk, _argument: str) -> SmtpReply:
    return _VRFY


def _quit(_desk: Desk, _argument: None) -> SmtpReply:
    return _BYE


def _starttls(desk: Desk, _argument: None) -> Upgrade:
    if desk.session.tls:
        raise Refused(503, "5.5.1", "TLS has begun already")
    if not desk.upgrades:
        raise Refused(502, "5.5.1", "STARTTLS is not offered")
    return Upgrade(_READY_FOR_TLS)


def _not_here(_desk: Desk, _argument: str) -> SmtpReply:
    raise Refused(502, "5.5.1", "Command not implemented")


def _help(verbs: Mapping[str, Verb]) -> Callable[[Desk, str], SmtpReply]:
    def run(desk: Desk, _argument: str) -> SmtpReply:
        now = " ".join(verb for verb, rule in verbs.items() if _may(desk, verb, rule))
        return SmtpReply(214, "2.0.0", f"Commands: {now}\nRFC 5321 tells what they do")

    return run


def _may(desk: Desk, verb: str, rule: Verb) -> bool:
    """Tell whether a verb can do anything in this session now."""
    session = desk.session
    if session.state not in rule.moves or session.state in rule.vain or (verb == "AUTH" and session.user):
        return False
    return not rule.upgrades or (desk.upgrades and not session.tls)


_RESET = MappingProxyType({**stay((CONNECTED,)), **to(GREETED, SINCE_GREETED)})
_NO_RECIPIENT = frozenset((CONNECTED, GREETED, SENDER))
_BDAT_MOVES = MappingProxyType({**stay(sorted(_NO_RECIPIENT)), **to(CHUNKS, (RECIPIENT, CHUNKS))})


def verbs(
    hellos: Mapping[str, Verb], rcpt: Callable[[Desk, tuple[Address, Given]], SmtpReply], then: Then
) -> Mapping[str, Verb]:
    """Return a table of verbs, which differs in how a client greets, what RCPT does, and what is done with a mail."""
    known: dict[str, Verb] = {
        **hellos,
        "MAIL": Verb(to(SENDER, (GREETED,)), reverse_path, mail, brief=True),
        "RCPT": Verb(to(RECIPIENT, (SENDER, RECIPIENT)), forward_path, rcpt, brief=True),
        "DATA": Verb(to(GREETED, (RECIPIENT,)), nothing, data(then), brief=True),
        "BDAT": Verb(_BDAT_MOVES, chunk, bdat(then, GREETED), vain=_NO_RECIPIENT),
        "RSET": Verb(_RESET, nothing, _rset),
        "NOOP": Verb(stay(EVERY), anything, _noop),
        "VRFY": Verb(stay(EVERY), _something, _vrfy),
        "AUTH": Verb(stay((GREETED,)), smtp_auth.parse, smtp_auth.auth, mask=smtp_auth.mask),
        "STARTTLS": Verb(to(CONNECTED, SINCE_GREETED), nothing, _starttls, upgrades=True),
        "QUIT": Verb(stay(EVERY), nothing, _quit, ends=True, brief=True),
    }
    known["HELP"] = Verb(stay(EVERY), anything, _help(known))
    known["EXPN"] = Verb(stay(EVERY), anything, _not_here, vain=frozenset(EVERY))
    return MappingProxyType(known)


_HELLOS = MappingProxyType(
    {"EHLO": Verb(to(GREETED, EVERY), one_word, greet), "HELO": Verb(to(GREETED, EVERY), one_word, _helo, brief=True)}
)

SMTP = Dialect(
    name="smtp",
    initial=CONNECTED,
    verbs=verbs(_HELLOS, rcpt, store),
    digit=DIGIT,
    refuse=_refuse,
    broken=broken,
    greeting=greeting,
    crlf=True,
    patience=PATIENCE,
    min_rate=MIN_RATE,
)
