"""How other programs send to this server and read from it: a page of its own, and the page before any mail."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request

from mysmtp.config import Config
from mysmtp.web.guard import host_of
from mysmtp.web.site import reachable, site
from mysmtp.web.snippets import GROUPS, Snippet, filled

routes = Blueprint("guide", __name__)


@routes.get("/clients")
def clients() -> str:
    """Show the settings for every program that is known here."""
    return render_template("clients.html", groups=groups(), terminal=terminal())


def empty() -> str:
    """Return the page of a server that has no mail yet."""
    return render_template("empty.html", groups=groups(), start=of_kind("start"), terminal=terminal())


def groups() -> Sequence[tuple[str, Sequence[Snippet]]]:
    """Return the snippets that hold now, under their headings."""
    found = [(heading, of_kind(kind)) for kind, heading in GROUPS.items()]
    return [(heading, snippets) for heading, snippets in found if snippets]


def of_kind(kind: str) -> Sequence[Snippet]:
    """Return the snippets of a kind, filled with the addresses as this reader can use them."""
    doors = {name: _reachable(address) for name, address in site().endpoints.mail().items()}
    return [each for each in filled(doors, site().full_command) if each.kind == kind]


def terminal() -> str:
    """Return the command that sends a first mail: this program's if it is installed, defaults left out; else nc's."""
    command = site().send_command
    if not command:
        return of_kind("terminal")[0].text
    host, port = _reachable(site().endpoints.my_smtp)
    usual = Config()
    where = (f" --host {host}" if host != usual.host else "") + (f" --port {port}" if port != usual.port else "")
    return f'{command} send{where} --to bob@example.com "Hello Bob"'


def _reachable(address: tuple[str, int]) -> tuple[str, int]:
    return reachable(address, host_of(request.environ["HTTP_HOST"]) or "")
