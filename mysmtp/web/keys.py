"""The keys of the pages: what each does, and the choice not to have those that are a single character.

What they do is done by static/keys.js; this page and its `?` show the same table. The choice is a cookie (WCAG 2.1.4).
"""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

COOKIE: Final = "keys"
CHOICES: Final = ("on", "off")
YEAR: Final = 365 * 24 * 3600

routes = Blueprint("keys", __name__)


@dataclass(frozen=True, slots=True)
class Key:
    """One row: the keys as they are written on a keyboard, how they go together, and what they do."""

    keys: tuple[str, ...]
    does: str
    joined: str = "or"


KEYS: Final = (
    Key(("j", "k"), "Go to the next row, to the one before, in a list, beside a mail or of a session. Enter opens it"),
    Key(("u",), "Up to the list, back on the row that was open"),
    Key(("[", "]"), "Newer, older: a mail, or a page of a list"),
    Key(("1", "9"), "The first tab of a mail, and so on", "to"),
    Key(("f",), "Follow the newest mail of the mailbox, or of all mail, or stop"),
    Key(("/",), "Search"),
    Key(("x",), "Choose the row, or let it go"),
    Key(("m",), "Mark read or new: the mail, or the row, or all that are chosen"),
    Key(("Delete",), "Delete the mail, or the row, or all that are chosen"),
    Key(("z",), "Undo what was done last"),
    Key(("g", "m"), "Mailboxes", "then"),
    Key(("g", "s"), "Sessions", "then"),
    Key(("g", "f"), "Figures", "then"),
    Key(("?",), "Show these keys"),
    Key(("Esc",), "Close what is open"),
)


@routes.get("/keys")
def show() -> str:
    """Show the keys, and whether the single ones are on."""
    return render_template("keys.html", keys=KEYS)


@routes.post("/keys")
def choose() -> Response:
    """Remember whether single keys are wanted."""
    chosen = request.form.get("keys", "")
    if chosen not in CHOICES:
        raise BadRequest("keys: on or off.")
    response = redirect("/keys", 303)
    response.set_cookie(COOKIE, chosen, max_age=YEAR, httponly=True, samesite="Lax")
    return response


def are_on() -> bool:
    """Tell whether the reader of this request wants single keys."""
    return request.cookies.get(COOKIE) != "off"
