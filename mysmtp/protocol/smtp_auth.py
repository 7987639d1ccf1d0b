"""AUTH, by PLAIN and LOGIN (RFC 4954, 4616): the answers a client gives, and what the server says to them.

Whether a user has a password is asked of `Desk.log_in`. Neither password nor answer is ever told to anybody else.
"""

import base64
import binascii
from collections.abc import Callable

from mysmtp.errors import InvalidSyntax
from mysmtp.protocol.dialect import Desk
from mysmtp.protocol.outcome import Expect, Outcome
from mysmtp.protocol.readers import CANCEL, AnswerLine
from mysmtp.protocol.smtp_reply import Refused, SmtpReply
from mysmtp.wire import HIDDEN

MECHANISMS = ("PLAIN", "LOGIN")
_LONGEST = 12288  # octets of an answer (RFC 4954 section 4)
_GO_ON = SmtpReply(334, "", "")
_USER = SmtpReply(334, "", base64.b64encode(b"Username:").decode())
_PASSWORD = SmtpReply(334, "", base64.b64encode(b"Password:").decode())
_WELCOME = SmtpReply(235, "2.7.0", "Welcome")


def parse(argument: str) -> tuple[str, bytes | None]:
    """Return the mechanism, and the initial response if one is given."""
    words = argument.split(" ")
    if not argument or len(words) > 2:
        raise InvalidSyntax("AUTH takes a mechanism, and perhaps a response")
    return words[0].upper(), words[1].encode() if len(words) == 2 else None


def mask(argument: bytes) -> bytes:
    """Return the argument of AUTH without the secret in it, and without anything where a tab stands for a space."""
    if b"\t" in argument:
        return HIDDEN
    mechanism, space, response = argument.strip(b" ").partition(b" ")
    return mechanism + (b" " + HIDDEN if space and response else b"")


def auth(desk: Desk, argument: tuple[str, bytes | None]) -> Outcome:
    """Begin, and end if the response came at once; ``=`` is a response that is empty."""
    mechanism, response = argument
    if desk.session.user:
        raise Refused(503, "5.5.1", "Already logged in")
    if mechanism not in MECHANISMS:
        raise Refused(504, "5.5.4", f"AUTH takes {' or '.join(MECHANISMS)}")
    initial = b"" if response == b"=" else response
    if mechanism == "PLAIN":
        return _ask(_GO_ON, _plain) if initial is None else _plain(desk, initial)
    return _ask(_USER, _login_user) if initial is None else _login_user(desk, initial)


def _ask(question: SmtpReply, then: Callable[[Desk, bytes | None], Outcome]) -> Expect:
    return Expect(question, AnswerLine(_LONGEST), then)


def _plain(desk: Desk, answer: bytes | None) -> Outcome:
    words = _decoded(answer).split("\0")
    if len(words) != 3:
        raise Refused(501, "5.5.2", "PLAIN is NUL, user, NUL, password")
    return _log_in(desk, words[1], words[2])


def _login_user(_desk: Desk, answer: bytes | None) -> Outcome:
    user = _decoded(answer)

    def then(desk: Desk, password: bytes | None) -> Outcome:
        return _log_in(desk, user, _decoded(password))

    return _ask(_PASSWORD, then)


def _log_in(desk: Desk, user: str, password: str) -> SmtpReply:
    desk.log_in(user, password)
    return _WELCOME


def _decoded(answer: bytes | None) -> str:
    """Return what an answer says. Raises Refused when it is too long, cancels, or is not base64 of UTF-8."""
    if answer is None:
        raise Refused(500, "5.5.6", "The answer is too long")
    if answer == CANCEL:
        raise Refused(501, "5.7.0", "AUTH was cancelled")
    try:
        return base64.b64decode(answer, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(501, "5.5.2", "An answer is base64 of UTF-8") from None
