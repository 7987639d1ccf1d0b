"""Pages for what went wrong: what happened, what it did not touch, what to do next. Never a traceback or a path.

The one place that knows which HTTP status and which My_SMTP reply stand for a fault.
"""

import logging
import secrets
from bisect import bisect_left
from dataclasses import dataclass
from difflib import get_close_matches

from flask import Flask, Response, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as BareResponse

from mysmtp.config import endpoint
from mysmtp.errors import DamagedMail, MailFault, NoSuchMail, NoSuchMailbox
from mysmtp.powers import RecordKeeper
from mysmtp.text import clipped
from mysmtp.web.guard import host_of
from mysmtp.web.presenting import plain
from mysmtp.web.presenting_mail import Text, text_of
from mysmtp.web.site import reachable, site

log = logging.getLogger(__name__)

COMPARED = 100  # mailboxes on each side of a name that it is compared with
LONGEST_NAME = 100  # characters shown of the name of a mailbox that is not there


@dataclass(frozen=True, slots=True)
class Trouble:
    """A page of trouble. `asked` and `reply` say the same in the protocol's words.

    `way` is the one way on, as (address, words), `lead` what stands before it."""

    status: int
    title: str
    sentence: str
    kind: str = "trouble"
    asked: str = ""
    reply: tuple[int, str] | None = None
    way: tuple[str, str] = ("/", "Mailboxes")
    lead: str = ""
    record: Text | None = None


class NoSuchSession(NotFound):
    """No session of this number is recorded."""

    def __init__(self, session: int) -> None:
        super().__init__()
        self.session = session


HTTP_WORDS = {
    400: ("This request can't be read", "Nothing was changed."),
    403: ("Refused: this request came from another site", "Nothing was changed. Do it from a page of this server."),
    404: ("Nothing at this address", "Every page is reached from the mailboxes."),
    405: ("Not that way", "This address takes another method. Nothing was changed."),
    413: ("Too large", "The pages take small forms only. Nothing was changed."),
    503: ("No room", "Mail is taken as before. Try again in a while."),
}


def install(app: Flask) -> None:
    """Answer every fault of an application with a page."""
    app.register_error_handler(NoSuchMailbox, lambda fault: show(no_mailbox(fault)))
    app.register_error_handler(NoSuchMail, lambda fault: show(no_mail(fault)))
    app.register_error_handler(DamagedMail, lambda fault: show(damaged(fault)))
    app.register_error_handler(NoSuchSession, lambda fault: show(no_session(fault)))
    app.register_error_handler(HTTPException, http_trouble)
    app.register_error_handler(Exception, unexpected)


def show(trouble: Trouble) -> Response:
    """Return the page of a trouble."""
    return make_response(render_template("trouble.html", trouble=trouble), trouble.status)


def no_mailbox(fault: NoSuchMailbox) -> Trouble:
    """Name the mailbox that was likely meant."""
    label = clipped(plain(fault.mailbox), LONGEST_NAME)
    near = get_close_matches(fault.mailbox, _beside(fault.mailbox), 1, 0.6)
    way = (url_for("pages.mailbox", name=near[0]), plain(near[0])) if near else ("/", "Mailboxes")
    sentence = "It is made with its first mail, and shows up here by itself."
    reply = (401, "Requested email does not exist")
    return Trouble(
        404, f"No mailbox {label}", sentence, "missing", f"LIST {label}", reply, way, "Nearest:" if near else ""
    )


def _beside(name: str) -> list[str]:
    """Return the mailboxes that stand beside a name in their list: to compare it with all would hold up others."""
    boxes = site().store.mailboxes()
    place = bisect_left(boxes, name, key=lambda box: box.name)
    return [box.name for box in boxes[max(0, place - COMPARED) : place + COMPARED]]


def no_mail(fault: NoSuchMail) -> Trouble:
    """Say which ids there are."""
    label, last = plain(fault.mailbox), site().store.summary(fault.mailbox).last_id
    sentence = "It was deleted or never was; ids are not given twice." + (f" Here: 1 to {last:,}." if last else "")
    way = (url_for("pages.mailbox", name=fault.mailbox), label)
    asked = f"GET_MAIL {label} {fault.mail_id}"
    title = f"No mail {fault.mail_id} in {label}"
    return Trouble(404, title, sentence, "gone", asked, (401, "Email not found"), way)


def no_session(fault: NoSuchSession) -> Trouble:
    """Say why it may be gone."""
    sentence = "It never was, or made room for newer ones. All are forgotten when the server stops; mails are kept."
    return Trouble(
        404, f"No session {clipped(str(fault.session), 20)}", sentence, way=(url_for("sessions.index"), "Sessions")
    )


def damaged(fault: DamagedMail) -> Trouble:
    """Show the record itself where there is one: it is all that is left."""
    label, store = plain(fault.mailbox), site().store
    record = None
    if isinstance(store, RecordKeeper):
        record = text_of(store.record(fault.mailbox, fault.mail_id), keep_cr=True)
    sentence = "It is cut off or its checksum is wrong, so it is not served as a mail. Its bytes are kept as they lie."
    way = (url_for("pages.mailbox", name=fault.mailbox), label)
    asked, reply = f"GET_MAIL {label} {fault.mail_id}", (500, "Failed to read message")
    title = f"Mail {fault.mail_id} in {label} is damaged"
    return Trouble(500, title, sentence, "damaged", asked, reply, way, record=record)


def misdirected() -> Trouble:
    """Name the address that is answered."""
    header = request.environ.get("HTTP_HOST", "")
    name = plain((host_of(header) or header)[:100]) or "a request without a host"
    host, port = reachable(site().endpoints.web, "127.0.0.1")
    address = endpoint("http", (host, port))
    sentence = "If it should, start it with --allowed-host and that name."
    return Trouble(421, f"mysmtp does not answer to {name}", sentence, way=(address, f"Open {address}"))


def http_trouble(fault: HTTPException) -> BareResponse:
    """Return the page of an HTTP fault; redirects pass as they are."""
    status = fault.code or 500
    if status < 400:
        return fault.get_response()
    if status == 421:
        return show(misdirected())
    title, sentence = HTTP_WORDS.get(status, (fault.name, "Nothing was changed."))
    if status in (400, 503) and fault.description and fault.description != type(fault).description:
        sentence = f"{fault.description} {sentence}"
    response = show(Trouble(status, title, sentence))
    for name, value in fault.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def unexpected(fault: Exception) -> Response:
    """Log the cause under a short reference and show only that."""
    reference = secrets.token_hex(3)
    log.error("page failed, reference %s: %s %s", reference, request.method, plain(request.path), exc_info=fault)
    sentence = f"Mail answered with 200 is safe on disk. The log has the cause under {reference}."
    reply = (500, "Failed to read message") if isinstance(fault, MailFault) else None
    return show(Trouble(500, "This page failed", sentence, reply=reply))
