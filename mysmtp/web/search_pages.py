"""The page of a search: what was found, what is wrong with what was asked, or how to ask. Nothing is changed here.

Routes only: they ask the index, have its answer presented off the hub, and fill the template.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.exceptions import NotFound, ServiceUnavailable

from mysmtp.search.found import Found
from mysmtp.search.index import MailIndex, Unsearchable
from mysmtp.search.query import Query, Unreadable, read_query
from mysmtp.search.sheet import MOST_TEXT
from mysmtp.web import presenting_search as presenting
from mysmtp.web.panes import side_of, width_of_list
from mysmtp.web.presenting import plain
from mysmtp.web.site import site

PAGE = 50
MOST_OTHERS = 5  # searches without one of their parts that are tried where nothing was found

routes = Blueprint("search", __name__)


@routes.get("/search")
def search() -> Response:
    """Show what a search finds, newest first; without one, how to search."""
    index = site().index
    if index is None:
        raise NotFound
    text = request.args.get("q", "")
    try:
        query = read_query(text)
    except Unreadable as fault:
        return make_response(render_template("search_fault.html", fault=fault), 400)
    if not query.parts:
        return make_response(render_template("search_help.html", ways=presenting.WAYS, most_text=MOST_TEXT))
    try:
        return _page(index, query, _key(request.args.get("before")))
    except Unsearchable:
        raise ServiceUnavailable("The index of words cannot be used now; the log says why.") from None


def _page(index: MailIndex, query: Query, before: int | None) -> Response:
    others = [query.without_part(part) for part in query.parts[:MOST_OTHERS]] if len(query.parts) > 1 else []
    found, clock = index.find(query, before, PAGE, [read_query(text) for text in others]), site().clock()
    days = site().offload(lambda: presenting.days_of(found.hits, query, clock))
    page = render_template(
        "search.html",
        text=query.text,
        label=plain(query.text),
        query=query,
        found=found,
        days=days,
        total=presenting.total_words(found),
        place=presenting.place_words(found),
        searched=presenting.searched_words(found),
        unsearched=presenting.unsearched_words(found),
        others=_others(query, others, found),
        side=side_of(site().store.mailboxes(), "") if width_of_list() else None,
    )
    return make_response(page)


def _others(query: Query, texts: Sequence[str], found: Found) -> list[tuple[str, str, str]]:
    """Return searches that find something by leaving a part away: the part, what is found then, the address."""
    return [
        (plain(part.text), presenting.count_in_words(count), url_for("search.search", q=text))
        for part, text, count in zip(query.parts, texts, found.instead, strict=False)
        if count.total
    ]


def _key(text: str | None) -> int | None:
    """Return the key in an address; what is none means the newest page."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 20 else None
