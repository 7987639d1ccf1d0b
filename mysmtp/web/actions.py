"""What the pages change: delete, undo, theme. Each is a POST that a page of ours sent, answered with 303 to a page.

Nothing here asks or confirms; that is for pages. Every deletion only marks mails, so every one can be undone.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from mysmtp.events import MailboxChanged
from mysmtp.web.pages import after_deed
from mysmtp.web.presenting_mail import neighbours
from mysmtp.web.site import Deed, site

THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600

routes = Blueprint("actions", __name__)


@routes.post("/mailbox/<mailbox:name>/<mail_id:mail_id>/delete")
def delete(name: str, mail_id: int) -> Response:
    """Delete one mail and go on at the row after it."""
    beside = neighbours(site().store.list(name), mail_id)
    gone = _deleted(name, [mail_id])
    row = beside.older if beside.older is not None else beside.newer
    return redirect(after_deed(Deed("deleted", name, tuple(gone)), request.form.get("before"), row), 303)


@routes.post("/mailbox/<mailbox:name>/delete")
def delete_all(name: str) -> Response:
    """Delete the mails that were there when it was asked: those that came in since stay."""
    upto = request.form.get("upto", "")
    if not (upto.isascii() and upto.isdigit() and len(upto) <= 18):
        raise BadRequest("upto: the highest mail id to delete is needed, in digits.")
    asked = [mail.id for mail in site().store.list(name) if mail.id <= int(upto)]
    gone = _deleted(name, asked)
    left = max((mail.id for mail in site().store.list(name)), default=None)
    return redirect(after_deed(Deed("deleted", name, tuple(gone)), None, left), 303)


@routes.post("/mailbox/<mailbox:name>/undo")
def undo(name: str) -> Response:
    """Put back what a deletion took."""
    deed = site().deeds.find(request.form.get("deed", ""), name)
    if deed is None or deed.kind != "deleted":
        raise BadRequest("This deletion is too long ago to be undone here; the server was started again since.")
    back = site().store.restore(name, deed.ids)
    if back:
        site().bus.publish(MailboxChanged(0, name))
    site().deeds.forget(request.form["deed"])
    row = max(back, default=None)
    told = Deed("restored", name, tuple(back), len(deed.ids) - len(back))
    return redirect(after_deed(told, request.form.get("before"), row), 303)


@routes.post("/theme")
def theme() -> Response:
    """Remember the choice of light or dark in a cookie, and go back to where it was made."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        raise BadRequest("theme: auto, light or dark.")
    response = redirect(local_path(request.form.get("back", "/")), 303)
    response.set_cookie("theme", chosen, max_age=YEAR, httponly=True, samesite="Lax")
    return response


def _deleted(name: str, mail_ids: Sequence[int]) -> Sequence[int]:
    """Delete mails, tell other open pages, and return the ids that were there."""
    gone = site().store.delete(name, mail_ids) if mail_ids else ()
    if gone:
        site().bus.publish(MailboxChanged(0, name))
    return gone


def local_path(address: str) -> str:
    """Return an address if it is a path of this server, else ``/``: no form may send its reader elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    ours = not parts.scheme and not parts.netloc and address.startswith("/") and address.isprintable()
    return address if ours and address[1:2] not in ("/", "\\") else "/"
