"""What the commands `mysmtp delete` and `mysmtp compact` ask of a running server. Answers in JSON, for no browser.

Each is a POST and passes the guard as every form does. Ids come as fields `id`; with `all`, every mail is meant.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import gevent
from flask import Blueprint, request
from werkzeug.exceptions import BadRequest, NotFound

from mysmtp.contracts import Compacting
from mysmtp.events import MailboxChanged
from mysmtp.web.site import site

routes = Blueprint("housekeeping", __name__, url_prefix="/housekeeping/<mailbox:name>")


@routes.post("/delete")
def delete(name: str) -> dict[str, Any]:
    """Delete mails; tell which were there."""
    return _done(name, site().store.delete, lambda: [mail.id for mail in site().store.list(name)])


@routes.post("/undo")
def undo(name: str) -> dict[str, Any]:
    """Put deleted mails back; tell which came back."""
    return _done(name, site().store.restore, lambda: range(1, site().store.summary(name).last_id + 1))


@routes.post("/compact")
def compact(name: str) -> dict[str, Any]:
    """Free the room of deleted mails; tell how much, or why not."""
    store = site().store
    if not isinstance(store, Compacting):
        raise NotFound
    store.summary(name)  # whether it exists is told here, not in the log of a greenlet that failed
    # In a greenlet of its own: it may take minutes of work, for which the pages must not be made to wait.
    return asdict(gevent.spawn(store.compact, name).get())


def _done(
    name: str, deed: Callable[[str, Sequence[int]], Sequence[int]], every: Callable[[], Sequence[int]]
) -> dict[str, Any]:
    told = request.form.getlist("id")
    if not all(each.isascii() and each.isdigit() and len(each) <= 18 for each in told):
        raise BadRequest("id: a mail id is needed, in digits.")
    done = deed(name, every() if "all" in request.form else [int(each) for each in told])
    if done:
        site().bus.publish(MailboxChanged(0, name))
    return {"ids": list(done)}
