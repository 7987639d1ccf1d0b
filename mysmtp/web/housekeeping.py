"""What the commands `delete`, `compact`, `import` and `export` of `mysmtp` ask of a running server, for no browser.

Each is a POST and passes the guard as every form does. Ids come as fields `id`; with `all`, every mail is meant.
Answers are JSON, mails as in `parcel`. What may take long runs in a greenlet of its own, so that no page has to wait.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import gevent
from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from mysmtp import exchange
from mysmtp.events import MailboxChanged
from mysmtp.parcel import pack, unpack
from mysmtp.powers import Compacting
from mysmtp.web.site import site

routes = Blueprint("housekeeping", __name__, url_prefix="/housekeeping")


@routes.post("/<mailbox:name>/delete")
def delete(name: str) -> dict[str, Any]:
    """Delete mails; tell which were there."""
    return _done(name, site().store.delete, lambda: [mail.id for mail in site().store.list(name)])


@routes.post("/<mailbox:name>/undo")
def undo(name: str) -> dict[str, Any]:
    """Put deleted mails back; tell which came back."""
    return _done(name, site().store.restore, lambda: range(1, site().store.summary(name).last_id + 1))


@routes.post("/<mailbox:name>/compact")
def compact(name: str) -> dict[str, Any]:
    """Free the room of deleted mails; tell how much, or why not."""
    store = site().store
    if not isinstance(store, Compacting):
        raise NotFound
    store.summary(name)  # whether it exists is told here, not in the log of a greenlet that failed
    return asdict(gevent.spawn(store.compact, name).get())


@routes.post("/<mailbox:name>/damage")
def damage(name: str) -> dict[str, int]:
    """Tell how many records of a mailbox are damaged and no mails."""
    return {"damage": len(site().store.summary(name).damage)}


@routes.post("/<mailbox:name>/export")
def give_out(name: str) -> Response:
    """Give the next mails after an id."""
    after = request.form.get("after", "")
    if not _is_id(after):
        raise BadRequest("after: a mail id is needed, in digits.")
    mails = gevent.spawn(exchange.give_out, site().store, name, int(after)).get()
    return Response(pack(mails), mimetype="application/octet-stream")


@routes.post("/import")
def take_in() -> dict[str, Any]:
    """Store mails; tell of each whether it was."""
    try:
        parcels = unpack(request.environ["wsgi.input"].read())
    except ValueError as fault:
        raise BadRequest(f"These are no mails as they come here: {fault}.") from fault
    if not all(parcel.recipients for parcel in parcels):  # mails on their way out may name nobody
        raise BadRequest("A mail is for nobody; nothing was stored.")
    return {"results": gevent.spawn(exchange.take_in, site().store, parcels, site().bus).get()}


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _done(
    name: str, deed: Callable[[str, Sequence[int]], Sequence[int]], every: Callable[[], Sequence[int]]
) -> dict[str, Any]:
    told = request.form.getlist("id")
    if not all(map(_is_id, told)):
        raise BadRequest("id: a mail id is needed, in digits.")
    done = deed(name, every() if "all" in request.form else [int(each) for each in told])
    if done:
        site().bus.publish(MailboxChanged(0, name))
    return {"ids": list(done)}
