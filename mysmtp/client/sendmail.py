"""`mysmtp sendmail`: what a program finds at /usr/sbin/sendmail, in front of a sandbox.

Takes the options that programs give, reads a mail on standard input, hands it to the server over SMTP, and ends with a
code of sysexits.h. Nothing is added to the mail: a From, Date or Message-ID that the program forgot stays missing, for
that is what a sandbox is there to show. Imports little, since a page of PHP waits for it to start.
"""

import getopt
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mysmtp.client.connection import NoConnection, connect
from mysmtp.client.submission import Letter, Refused, Speechless, Submission
from mysmtp.client.wire import WireLog
from mysmtp.text import visible

OK, USAGE, DATA, NO_USER, UNAVAILABLE, IO, LATER, PROTOCOL = 0, 64, 65, 67, 69, 74, 75, 76
INTERRUPTED = 130

HELP = """\
Usage: mysmtp sendmail [OPTION]... [RECIPIENT]...

Take a mail on standard input and hand it to the server by SMTP, as the program sendmail does; also when started by
the name sendmail, as through a symlink. Nothing is added to the mail.

  -t             recipients from To, Cc and Bcc, besides those given; Bcc is taken out
  -i, -oi        a line with a single dot does not end the mail
  -f ADDRESS     envelope sender (also -r); without it, you at localhost
  -N, -R, -V     NOTIFY, RET, ENVID of delivery status notifications
  -v             print the conversation on standard error
  --host NAME    where the server is [MYSMTP_HOST, or 127.0.0.1]
  --port PORT    its SMTP port [MYSMTP_SMTP_PORT, or 1025]

Other options of sendmail (-F, -o..., -O, -B and so on) are taken and change nothing. Exit codes: 0 the mail is stored,
64 usage, 65 the mail or an address was refused, 67 a recipient was, 69 no server, 74 input, 75 later, 76 no SMTP.
"""

_SHORT = "A:B:C:F:GIL:N:O:R:UV:X:b:c:d:e:f:h:imno:p:r:tv"
_LONG = ("host=", "port=", "help", "version")
_OTHER_MODES = {
    "s": "SMTP on standard input (-bs) is not spoken here; let the program connect to the server's SMTP port",
    "p": "there is no mail queue (-bp): a mail is stored at once, or refused",
    "i": "there are no aliases (-bi): every address has a mailbox of its own",
}
_KEPT = {"-N": "notify", "-R": "ret", "-V": "envelope_id", "--host": "host", "--port": "port"}
_HEADER_END = re.compile(rb"^\r?\n", re.MULTILINE)
_LONE_DOT = re.compile(rb"^\.(?:\r?\n|\Z)", re.MULTILINE)
_MBOX_LINE = re.compile(rb">?From [^\n]*(?:\n|\Z)")
_BLIND = re.compile(rb"^(?:resent-)?bcc[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)", re.MULTILINE | re.IGNORECASE)
_RECIPIENTS = ("to", "cc", "bcc")


class _Wrong(Exception):
    """The command line or the mail is not right; `code` is the exit code."""

    def __init__(self, words: str, code: int = USAGE) -> None:
        super().__init__(words)
        self.code = code


@dataclass(slots=True)
class Wanted:
    """What a command line asks for."""

    host: str
    port: str
    recipients: list[str] = field(default_factory=list)
    sender: str | None = None
    from_header: bool = False
    ignore_dots: bool = False
    verbose: bool = False
    notify: str = ""
    ret: str = ""
    envelope_id: str = ""


def main(words: Sequence[str]) -> int:
    """Do what a command line asks; return the exit code."""
    if "--help" in words:
        print(HELP, end="")
        return OK
    try:
        wanted = read_options(words, os.environ)
        letter = letter_of(wanted, sys.stdin.buffer.read())
        return _hand_over(wanted, letter)
    except _Wrong as fault:
        return _fail(str(fault), fault.code)
    except Refused as refused:
        return _fail(str(refused), code_of(refused))
    except Speechless as fault:
        return _fail(str(fault), PROTOCOL)
    except NoConnection as fault:
        return _fail(str(fault), UNAVAILABLE)
    except OSError as fault:
        return _fail(f"the mail cannot be read: {fault.strerror}", IO)
    except KeyboardInterrupt:
        return INTERRUPTED


def read_options(words: Sequence[str], environment: Mapping[str, str]) -> Wanted:
    """Return what a command line asks for. Raises _Wrong."""
    try:
        options, recipients = getopt.getopt(list(words), _SHORT, list(_LONG))
    except getopt.GetoptError as fault:
        raise _Wrong(f"{fault.msg}; mysmtp sendmail --help tells what is taken") from None
    wanted = Wanted(environment.get("MYSMTP_HOST", "127.0.0.1"), environment.get("MYSMTP_SMTP_PORT", "1025"))
    for name, value in options:
        _take(wanted, name, value)
    wanted.recipients += [path for word in recipients for path in _given(word)]
    return wanted


def _take(wanted: Wanted, name: str, value: str) -> None:
    if name == "-b" and value != "m":
        raise _Wrong(_OTHER_MODES.get(value, f"-b{value} is not done here; a mail on standard input is (-bm)"))
    if name in _KEPT:
        setattr(wanted, _KEPT[name], _printable(value))
    elif name == "-t":
        wanted.from_header = True
    elif name == "-i" or (name == "-o" and value == "i"):
        wanted.ignore_dots = True
    elif name in ("-f", "-r"):
        wanted.sender = _sender(value)
    elif name == "-v":
        wanted.verbose = True


def _printable(value: str) -> str:
    if not value.isprintable() or " " in value:
        raise _Wrong(f"{visible(value)}: no space and no control character can stand there")
    return value


def _given(word: str) -> Sequence[str]:
    """Return the addresses in a word of the command line. Raises _Wrong where there are none, or a line ends in it."""
    found = _addresses(os.fsencode(word)) if word.isprintable() else ()
    if word and not found:
        raise _Wrong(f"{word} is no address", DATA)
    return found


def _sender(word: str) -> str:
    """Return the envelope sender that a word gives, `""` for the null sender. Raises _Wrong."""
    found = _given("" if word.strip() == "<>" else word.strip())
    if len(found) > 1:
        raise _Wrong(f"{word} is more than one address", DATA)
    return next(iter(found), "")


def letter_of(wanted: Wanted, octets: bytes) -> Letter:
    """Return the mail in what was read, with its envelope. Raises _Wrong."""
    if not wanted.ignore_dots and (dot := _LONE_DOT.search(octets)):
        octets = octets[: dot.start()]
    if mbox := _MBOX_LINE.match(octets):
        octets = octets[mbox.end() :]
    recipients = list(wanted.recipients)
    if wanted.from_header:
        recipients += named_in(octets)
        octets = without_bcc(octets)
    if not recipients:
        raise _Wrong("no recipient in To, Cc or Bcc" if wanted.from_header else "no recipient: give one, or -t")
    sender = own_address() if wanted.sender is None else wanted.sender
    once = tuple(dict.fromkeys(recipients))
    return Letter(sender, once, octets, wanted.ret, wanted.envelope_id, wanted.notify)


def named_in(octets: bytes) -> Sequence[str]:
    """Return the recipients that a header names; of a mail that was sent again, those it was sent again to.

    Raises _Wrong for a header that is too long to read whole: nobody is left out unsaid.
    """
    from mysmtp.mime.fields import read_header
    from mysmtp.mime.limits import WHOLE

    header = read_header(octets, limits=WHOLE)
    if header.end > WHOLE.header:
        raise _Wrong("the header is longer than 1 MiB; not all recipients in it can be told", DATA)
    for prefix in ("resent-", ""):
        found = [path for name in _RECIPIENTS for each in header.all(prefix + name) for path in _addresses(each.raw)]
        if found:
            return found
    return []


def without_bcc(octets: bytes) -> bytes:
    """Return a mail without its Bcc fields, and otherwise as it was."""
    end = _HEADER_END.search(octets)
    at = end.start() if end else len(octets)
    return _BLIND.sub(b"", octets[:at]) + octets[at:]


def own_address() -> str:
    """Return whoever runs this, at localhost."""
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # no such user in this container
        user = os.environ.get("USER", "")
    return f"{''.join(user.split()) or 'me'}@localhost"


def _addresses(octets: bytes) -> Sequence[str]:
    """Return the addresses in a list of them, bare ones at localhost."""
    from mysmtp.mime.addresses import read_addresses
    from mysmtp.mime.limits import WHOLE

    found = [mailbox.address for mailbox in read_addresses(octets, WHOLE).mailboxes if mailbox.address]
    return [address if "@" in address else f"{address}@localhost" for address in found]


def code_of(refused: Refused) -> int:
    """Return the exit code of a refusal."""
    code = refused.answer.code
    if code // 100 not in (2, 4, 5):
        return PROTOCOL
    if code // 100 == 4:
        return LATER
    if refused.command.startswith("RCPT") and code in (550, 551):
        return NO_USER
    return UNAVAILABLE if refused.command == "greeting" or code in (502, 530, 535) else DATA


def _hand_over(wanted: Wanted, letter: Letter) -> int:
    """Send a mail; return the exit code. Raises Refused, NoConnection, _Wrong."""
    if not wanted.port.isascii() or not wanted.port.isdigit() or not 0 < int(wanted.port) < 65536:
        raise _Wrong(f"{visible(wanted.port)} is no port; give the SMTP port of the server with --port")
    connection = connect(wanted.host, int(wanted.port), _log() if wanted.verbose else None)
    try:
        session = Submission(connection)
        refusals = session.send(letter)
        session.part()
    finally:
        connection.close()
    for refused in refusals:
        _fail(str(refused), OK)
    return code_of(refusals[0]) if refusals else OK


def _log() -> WireLog | None:
    from mysmtp.client.terminal import wire_log

    return wire_log(wire=True, with_hex=False)


def _fail(words: str, code: int) -> int:
    print(visible(f"sendmail: {words}"), file=sys.stderr)
    return code
