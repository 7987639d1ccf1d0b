"""A session to take along: as text to read, as JSON, as a conversation to play again, as a command for swaks.

The conversation has one line of the wire format (`mysmtp.wire`) for each line that crossed, after ``C: `` or ``S: ``,
as ``--wire`` prints it; a line that begins with ``#`` is a remark. Octets that were not kept are told by such a remark.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from mysmtp.entry import Entry, Mail, Told
from mysmtp.inspector.explain import explain
from mysmtp.inspector.lines import Line, lines_from
from mysmtp.inspector.mails import Sent, mails_of
from mysmtp.inspector.protocols import Known, label_of
from mysmtp.inspector.shut import shut_of
from mysmtp.inspector.study import first_state
from mysmtp.tape import Tape
from mysmtp.text import decode, visible
from mysmtp.wire import left_out, lines_of, spelled, tls_begins, unspelled

_LOUD = re.compile(rb"[^\x20-\x7e]")


def conversation(tape: Tape, known: Known) -> str:
    """Return what crossed, in the wire format."""
    entries = tape.entries()
    told = [*_not_kept(tape), *told_lines(lines_from(entries, first_state(entries, known)), tape.framing)]
    return "".join(f"{line}\n" for line in told)


def told_lines(lines: Sequence[Line], framing: str) -> Iterator[str]:
    """Yield lines that crossed as lines of the wire format; each segment its own, where segments count."""
    for line in lines:
        if line.side == "T":
            yield tls_begins(decode(line.octets))
            continue
        places = line.pieces if framing == "segments" else ()
        for begin, end in pairwise((0, *places, len(line.octets))):
            if end > begin or not line.cut:
                yield f"{line.side}: {spelled(line.octets[begin:end])}"
        if line.cut:
            yield left_out(line.cut)


def text(tape: Tape, known: Known) -> str:
    """Return a session to read: what is known of it, then each line with its time, refusals explained."""
    return "\n".join([*_head(tape), *_rows(tape, known), _foot(tape)]) + "\n"


def _head(tape: Tape) -> Iterator[str]:
    framing = f", {tape.framing}" if tape.framing != "undecided" else ""
    yield f"# Session {tape.session}: {label_of(tape.protocol)}{framing}"
    yield f"# From {visible(tape.peer)}, began {_iso(tape.began)}"
    stored, refused = _count(tape.mails, "mail"), _count(tape.refused, "command")
    yield f"# {tape.received} octets came, {tape.sent} went; {stored} stored, {refused} refused"
    if tape.tls:
        yield f"# TLS: {visible(tape.tls)}"
    if tape.login:
        yield f"# Login {'taken' if tape.login.taken else 'refused'}, user {visible(tape.login.user)}"
    yield from _not_kept(tape)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _not_kept(tape: Tape) -> Iterator[str]:
    if tape.lost:
        yield f"# The first {tape.lost} entries were not kept"


def _rows(tape: Tape, known: Known) -> Iterator[str]:
    entries = tape.entries()
    shut = shut_of(entries, known)
    for line in lines_from(entries, first_state(entries, known)):
        yield from (f"{line.at:10.3f}  {told}" for told in told_lines([line], tape.framing))
        words = note(line.entry, known, shut.at(line.number)) if line.is_reply else ""
        if words:
            yield f"{'':10}  #  {words}"


def _foot(tape: Tape) -> str:
    return f"# Ended after {tape.ended:.3f} s: {visible(tape.reason)}" if tape.ended is not None else "# Still open"


def note(entry: Entry, known: Known, shut: frozenset[str]) -> str:
    """Return what there is to say of a reply: why it was refused, or where the mail lies; "" if nothing.

    `shut` are verbs that could not be done after it.
    """
    why = explain(entry, known, shut=shut)
    if why is not None:
        following = f" {why.label}: {why.next}" if why.next else ""
        return visible(f"{why.lead} {why.words} ({why.source}){following}")
    return visible("Stored as " + ", ".join(f"{mail.mailbox} {mail.id}" for mail in entry.mails)) if entry.mails else ""


def facts(tape: Tape) -> dict[str, Any]:
    """Return what is known of a session besides its lines, for JSON (docs/architecture.md)."""
    ended = tape.began + timedelta(seconds=tape.ended) if tape.ended is not None else None
    return {
        "session": tape.session, "protocol": tape.protocol, "framing": tape.framing, "peer": clean(tape.peer),
        "tls": clean(tape.tls), "login": _login(tape),
        "began": _iso(tape.began), "ended": _iso(ended) if ended else None, "reason": clean(tape.reason),
        "state": tape.state, "reading": tape.reading, "received": tape.received,
        "sent": tape.sent, "answers": tape.answers, "refused": tape.refused, "mails": tape.mails, "last": tape.last,
        "lost": tape.lost,
    }  # fmt: skip


def _login(tape: Tape) -> dict[str, Any] | None:
    return {"user": clean(tape.login.user), "taken": tape.login.taken} if tape.login else None


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry for JSON; its octets as lines of the wire format."""
    told: dict[str, Any] = {
        "number": entry.number,
        "kind": entry.kind,
        "at": round(entry.at, 6),
        "wire": [spelled(line) for line in lines_of(entry.octets)],
    }
    if entry.cut:
        told |= {"cut": entry.cut, "tail": spelled(entry.tail)}
    if entry.pieces:
        told["pieces"] = list(entry.pieces)
    if entry.masked:
        told["masked"] = True
    if entry.kind == "server":
        told |= {"mark": entry.mark, "verb": clean(entry.verb), "before": entry.before, "after": entry.after}
        if entry.fault:
            told["fault"] = {"name": entry.fault.name, "remark": clean(entry.fault.remark)}
        if entry.mails:
            told["mails"] = [{"mailbox": clean(mail.mailbox), "id": mail.id} for mail in entry.mails]
            told["waited"] = round(entry.waited, 6)
    return told


def entry_of(told: Mapping[str, Any]) -> Entry:
    """Return the entry that `entry_json` told of. Raises KeyError, TypeError, ValueError, AttributeError."""
    fault = told.get("fault")
    return Entry(
        int(told["number"]), str(told["kind"]), float(told["at"]), b"".join(unspelled(line) for line in told["wire"]),
        cut=int(told.get("cut", 0)), tail=unspelled(told.get("tail", "")),
        pieces=tuple(int(place) for place in told.get("pieces", ())), masked=told.get("masked") is True,
        mark=str(told.get("mark", "")), verb=str(told.get("verb", "")), before=str(told.get("before", "")),
        after=str(told.get("after", "")), fault=Told(str(fault["name"]), str(fault["remark"])) if fault else None,
        mails=tuple(Mail(str(mail["mailbox"]), int(mail["id"])) for mail in told.get("mails", ())),
        waited=float(told.get("waited", 0)),
    )  # fmt: skip


def as_json(tape: Tape, first: int = 1) -> dict[str, Any]:
    """Return a session for JSON, with its entries from this number on."""
    return {**facts(tape), "entries": [entry_json(entry) for entry in tape.entries(first)]}


def clean(text: str) -> str:
    """Return text for JSON: octets that were not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Server:
    """Where swaks is to send; `at_once`: TLS comes before anything is said."""

    host: str
    port: int
    at_once: bool = False


def swaks(tape: Tape, server: Server | None) -> str:
    """Return commands that send the mails of a session again with swaks, to an SMTP (or LMTP) server, if any."""
    found = mails_of(tape.entries())
    if not found:
        return "# This session sent no mail.\n"
    if server is None:
        protocol = "LMTP" if tape.protocol == "lmtp" else "SMTP"
        return f"# {protocol} is off here: there is no port that swaks could send to.\n"
    begin = "# swaks speaks no My_SMTP: the same mail by SMTP\n" if tape.protocol == "my_smtp" else ""
    if tape.login and tape.login.taken:
        user = visible(tape.login.user)
        begin += f"# It was sent logged in as {user}; where a login is needed: --auth-user, --auth-password\n"
    return begin + "\n".join(_swaks(mail, tape, server) for mail in found)


def _swaks(mail: Sent, tape: Tape, server: Server) -> str:
    told = "".join(f"# {words}\n" for words in _beyond_swaks(mail))
    recipients = [each for each in mail.recipients if _can_say(each) and "," not in each]
    lacking = "" if recipients else "has no other recipient"
    lacking = lacking if _can_say(mail.sender) else "has no other sender"
    lacking = lacking if mail.content != b"" else "is empty, and swaks takes a lone dot for a file"
    lacking = lacking if mail.content is not None else "was not kept whole"
    if lacking or mail.content is None:
        return f"{told}# The mail at entry {mail.number} {lacking}; it cannot be sent again.\n"
    words = ["swaks", "--server", server.host, "--port", str(server.port)]
    words += ["--protocol", "LMTP"] if tape.protocol == "lmtp" else []
    words += ["--tls-on-connect"] if server.at_once else ["--tls"] if tape.tls else []
    words += ["--helo", mail.helo] if mail.helo and _can_say(mail.helo) else []
    words += ["--from", mail.sender or "<>", "--to", ",".join(recipients), "--no-data-fixup", "--data", "-"]
    lines = mail.content.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    return told + _fed(" ".join(shlex.quote(clean(word)) for word in words), stuffed)


def _can_say(word: str) -> bool:
    """Tell whether swaks can be given a word: it takes for an option of its own whatever begins as one does."""
    return not word.startswith("-")


def _beyond_swaks(mail: Sent) -> Iterator[str]:
    """Yield in words what of a mail's envelope swaks cannot say."""
    option = "swaks takes what begins with a hyphen for an option, so it cannot"
    if not _can_say(mail.helo):
        yield f"{option} call itself {visible(mail.helo)}"
    if not _can_say(mail.sender):
        yield f"{option} send from {visible(mail.sender)}"
    if dashed := [each for each in mail.recipients if not _can_say(each)]:
        yield f"{option} send to {visible(' or '.join(dashed))}"
    if parted := [each for each in mail.recipients if _can_say(each) and "," in each]:
        yield f"swaks parts recipients at every comma, so it cannot send to {visible(' or '.join(parted))}"
    if not all(each.isascii() for each in (mail.sender, *mail.recipients)):
        yield "swaks says no SMTPUTF8, so a server refuses the addresses here that are not ASCII"


def _fed(command: str, lines: Sequence[bytes]) -> str:
    """Return a shell command fed with these lines, one at least, whose octets steer no terminal it is pasted into.

    A dot follows them without its line end, which swaks sends by itself.
    """
    plain = not any(_LOUD.search(line) for line in lines)
    shown = [shlex.quote(line.decode("ascii") if plain else _escaped(line)) for line in lines]
    return f"{{ printf '%{'s' if plain else 'b'}\\r\\n' {' '.join(shown)}; printf .; }} |\n  {command}\n"


def _escaped(line: bytes) -> str:
    """Return a line as printf's %b takes it."""
    return "".join(chr(octet) if 32 <= octet < 127 and octet != 92 else f"\\0{octet:03o}" for octet in line)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
