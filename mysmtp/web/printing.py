"""A mail on a page of its own, to be printed: who, when, what, and nothing round it.

It holds the HTML of the mail, so it stands in the sandbox of such pages. The HTML is in a shadow root, and what hosts
that, which a style sheet in it could reach, is in an element that nothing gets out of: no style of a mail reaches the
head above it, and none can make the mail look as if it came from somebody else.
"""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, url_for
from markupsafe import Markup

from mysmtp.message import StoredMail
from mysmtp.mime import read_mail
from mysmtp.mime.checks import is_mail
from mysmtp.web import origins
from mysmtp.web import presenting_message as letters
from mysmtp.web import presenting_tabs as tabs
from mysmtp.web.parts import image_address, sandboxed_page
from mysmtp.web.presenting import Clock, plain
from mysmtp.web.presenting_mail import text_of, view_of
from mysmtp.web.presenting_message import Letter
from mysmtp.web.reading import Address, as_it_is, html_of
from mysmtp.web.site import site

routes = Blueprint("printing", __name__, url_prefix="/mailbox/<mailbox:name>/<mail_id:mail_id>")


@dataclass(frozen=True, slots=True)
class Printed:
    """What is printed: `html` (safe) or else `text`. `letter` is None for plain text."""

    letter: Letter | None
    html: Markup | None
    text: tabs.LinkedText | None


@routes.get("/print")
def show(name: str, mail_id: int) -> Response:
    """Show one mail as it is printed."""
    address, clock = image_address(name, mail_id), site().clock()
    stored, printed = site().opening.open(name, mail_id, lambda mail: open_print(mail, address, clock))
    mail = view_of(stored, name, clock)
    page = render_template(
        "print.html",
        back=url_for("mail.show", name=name, mail_id=mail_id, **origins.asked().args),
        name=name,
        label=plain(name),
        mail=mail,
        printed=printed,
        letter=printed.letter,
    )
    return sandboxed_page(make_response(page), name, mail_id, address.remote)


def open_print(stored: StoredMail, address: Address, clock: Clock) -> Printed:
    """Return what is printed of a mail: its HTML if that can be shown, else its text, else the mail as it came."""
    mail = read_mail(stored.body)
    letter = letters.letter_of(mail, stored.envelope, clock) if is_mail(mail, stored.trace) else None
    if not mail.has_header:
        return Printed(letter, None, as_it_is(text_of(stored.body)))
    found = html_of(stored, address)
    if found is not None:
        return Printed(letter, Markup(found[1]), None)  # noqa: S704  what `sanitise` wrote
    text = tabs.linked_text(mail.text) if mail.text is not None else as_it_is(text_of(mail.root.source))
    return Printed(letter, None, text)
