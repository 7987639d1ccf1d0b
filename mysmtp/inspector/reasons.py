"""What is said of each fault that a protocol may raise, and where its rule stands: tables only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of a fault: for My_SMTP and for the others the source; POP3's where it has one of its own.

    `pop3_words` are said in POP3 instead of `words`.
    """

    lead: str
    words: str
    ours: str
    smtp: str
    pop3: str
    pop3_words: str = ""


ROWS: Mapping[str, Row] = MappingProxyType({
    "UnknownCommand": Row("Not a command.", "This line does not begin with a command of {protocol}.",
        "Commands", "RFC 5321, section 4.2.4", "RFC 1939, section 3"),
    "InvalidSyntax": Row("Wrong syntax.", "{verb} is written {usage}.",
        "Commands", "RFC 5321, section 4.1.1", "RFC 1939, section 3"),
    "InvalidAddress": Row("No address.", "An address has text on both sides of an @.",
        "Commands", "RFC 5321, section 4.1.2", ""),
    "DomainMismatch": Row("Another domain.", "The sender’s domain must be the one that HELO named: {remark}.",
        "Commands", "", ""),
    "LineTooLong": Row("Too long.", "A command line is longer than may be; the rest of it was skipped.",
        "Limits", "RFC 5321, section 4.5.3.1.4", "RFC 2449, section 4"),
    "MessageTooLarge": Row("Too large.", "The message was read to its end and thrown away; nothing was stored.",
        "Limits", "RFC 1870, section 6", ""),
    "BareNewline": Row("A lone CR or LF.", "A line of the message ends with CR or LF alone; its lines end with CR LF."
        " Nothing was stored.", "", "RFC 5321, section 2.3.8", ""),
    "TooManyRecipients": Row("Enough recipients.", "Those named before this one stand.",
        "Commands", "RFC 5321, section 4.5.3.1.8", ""),
    "NoSuchMailbox": Row("No such mailbox.", "It is made with its first mail.", "Replies", "", ""),
    "NoSuchMail": Row("No such mail.", "This id was never given, or the mail was deleted.",
        "Replies", "", "RFC 1939, section 5", "This session knows no message of this number, or has deleted it."),
    "DamagedMail": Row("Damaged.", "The record of this mail is cut off or its checksum is wrong; its bytes are kept.",
        "The mailbox file", "", "RFC 3206, section 4"),
    "StoreFailed": Row("Not stored.", "The store could not do it; the log has the cause. Nothing of it was kept.",
        "Replies", "RFC 5321, section 4.2.5", "RFC 3206, section 4"),
    "ServerBusy": Row("Too many clients.", "The server holds as many connections as it may.",
        "Replies", "RFC 5321, section 3.8", "RFC 3206, section 4"),
    "ShuttingDown": Row("Going down.", "The server was told to stop. What was answered as stored is kept.",
        "Replies", "RFC 5321, section 3.8", "RFC 3206, section 4"),
    "IdleTooLong": Row("Silent too long.", "The client completed no line for the idle time.",
        "Replies", "RFC 5321, section 4.5.3.2", "RFC 1939, section 3"),
    "TooManyErrors": Row("Enough.", "Too many commands of this session were refused, or did nothing, so it was"
        " ended.", "", "RFC 5321, section 7.8", ""),
    "WrongLogin": Row("Wrong login.", "No user has this name and this password.",
        "", "RFC 4954, section 4", "RFC 3206, section 5"),
    "TooManyWrongLogins": Row("Too many wrong logins.", "Guessing is made slow: come back later.",
        "", "RFC 4954, section 9", "RFC 3206, section 5"),
    "PasswordsUnreadable": Row("Not checked.", "The file of passwords cannot be read; the log has the cause.",
        "", "RFC 4954, section 6", "RFC 3206, section 4"),
    "OutOfStep": Row("Too soon.", "The message came before the server had asked for it with 354.",
        "", "RFC 2920, section 3.1", ""),
})  # fmt: skip
NO_PATH = Row(
    "No address.",
    "An address is written <local-part@domain>: words with single dots between them, or a text in"
    " quotes, then one @ and a domain, or the address of a host in [ and ].",
    "",
    "RFC 5321, section 4.1.2",
    "",
)
NOT_KNOWN = Row("Not known here.", "This line does not begin with a command that this server has.",
    "", "RFC 5321, section 4.2.4", "RFC 1939, section 3")  # fmt: skip
BROKEN = Row("The server failed.", "This is no fault of the client; the log has the cause.", "Replies",
               "RFC 5321, section 4.2.1", "RFC 3206, section 4")  # fmt: skip
OTHER = Row("Refused.", "The reply tells why.", "Replies", "docs/rfc.md", "docs/rfc.md")


# Where it is written down how these are used; all other commands of SMTP are of RFC 5321.
ELSEWHERE = {"AUTH": "RFC 4954, section 4", "STARTTLS": "RFC 3207, section 4", "BDAT": "RFC 3030, section 2"}
LOG_IN = Row("Log in first.", "This server takes mail only of who is logged in.", "", "RFC 4954, section 6", "")
NOT_HERE = Row("Not offered.", "{verb} is a command of {protocol}, but this server does not do it here.",
                 "Commands", "RFC 5321, section 4.2.4", "docs/rfc.md")  # fmt: skip

SIZE_TOO_LARGE = Row("Too large.", "SIZE tells of more octets than a message may have here; none of it was sent.",
                     "", "RFC 1870, section 6.1", "")  # fmt: skip
_LOGIN_CANCELLED = Row("Cancelled.", "The client answered * in place of its login.", "", "RFC 4954, section 4", "")
UNEXTENDED = b"555 5.5.4 Parameters "  # how the reply to parameters after HELO begins
# What only SMTP refuses, by the verb ("" for any) and the beginning of the reply; the first that fits.
_OF_SMTP: Sequence[tuple[str, bytes, Row]] = (
    ("", b"530 ", LOG_IN),
    ("", b"502 ", NOT_HERE),
    ("", UNEXTENDED, Row("No EHLO.", "{verb} takes parameters where EHLO was said; this session said HELO.",
                         "", "RFC 5321, section 3.3", "")),
    ("", b"555 ", Row("No such parameter.", "{verb} takes the parameters of those extensions that the reply to EHLO"
                      " named.", "", "RFC 5321, section 4.1.1.11", "")),
    ("", b"553 5.6.7", Row("Not ASCII.", "Such an address is taken where MAIL FROM had the parameter SMTPUTF8.",
                           "", "RFC 6531, section 3.4", "")),
    ("", b"452 4.3.1", Row("No room.", "There is no room now for such a mail; later there may be.",
                           "", "RFC 5321, section 4.2.3", "")),
    ("AUTH", b"504 ", Row("No such mechanism.", "AUTH takes the mechanisms that the reply to EHLO named.",
                          "", "RFC 4954, section 4", "")),
    ("AUTH", b"501 5.7.0", _LOGIN_CANCELLED),
    ("AUTH", b"503 ", Row("Not now.", "A session logs in once.", "", "RFC 4954, section 4", "")),
    ("AUTH", b"50", Row("Wrong syntax.", "The login is not written as its mechanism has it.",
                        "", "RFC 4954, section 4", "")),
    ("STARTTLS", b"503 ", Row("Not now.", "TLS begins once in a session.", "", "RFC 3207, section 4.2", "")),
    ("BDAT", b"501 ", Row("Wrong syntax.", "{verb} is written {usage}.", "", "RFC 3030, section 2", "")),
    ("DATA", b"503 ", Row("Not now.", "A message that MAIL FROM called BINARYMIME is sent with BDAT.",
                          "", "RFC 3030, section 3", "")),
    ("", b"501 5.5.4", Row("Wrong syntax.", "A parameter has no value that its extension knows.",
                           "", "RFC 5321, section 4.1.1.11", "")),
)  # fmt: skip


def of_smtp(verb: str, reply: bytes) -> Row | None:
    """Return what is said of a refusal that only SMTP knows, None where that is nothing."""
    return next((row for of, begin, row in _OF_SMTP if of in ("", verb) and reply.startswith(begin)), None)
