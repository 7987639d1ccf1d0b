"""The page of a search: what was found, what is wrong with what was asked, or how to ask. Nothing is changed here.

Routes only: they ask the index, have its answer presented off the hub, and fill the template.
"""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.exceptions import NotFound, ServiceUnavailable

from mysmtp.search.found import Found
from mysmtp.search.index import MailIndex, Unsearchable
from mysmtp.search.query import SHORTEST_START, Condition, Query, Term, Unreadable, read_query
from mysmtp.search.sheet import MOST_OCTETS, MOST_TEXT
from mysmtp.web import presenting_search as presenting
from mysmtp.web.panes import side_beside, width_of_list
from mysmtp.web.presenting import plain
from mysmtp.web.site import site

PAGE = 50
MOST_OTHERS = 5  # searches without one of their parts that are tried where nothing was found

routes = Blueprint("search", __name__)


class Other(NamedTuple):
    """Another search to try: what it does to a part of the one that was asked for, that part, its text."""

    does: str
    part: str
    text: str


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
        page = render_template("search_help.html", ways=presenting.WAYS, most_octets=MOST_OCTETS, most_text=MOST_TEXT)
        return make_response(page)
    try:
        return _page(index, query, _key(request.args.get("before")))
    except Unsearchable:
        raise ServiceUnavailable("The index of words cannot be used now; the log says why.") from None


def _page(index: MailIndex, query: Query, before: int | None) -> Response:
    others = _others(query)
    found, clock = index.find(query, before, PAGE, [read_query(other.text) for other in others]), site().clock()
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
        lacking=presenting.lacking_words(query),
        nowhere=[plain(name) for name in found.nowhere],
        searched=presenting.searched_words(found),
        unsearched=presenting.unsearched_words(found),
        cut=presenting.cut_words(found, query),
        others=_found_instead(others, found),
        side=side_beside("") if width_of_list() else None,
    )
    return make_response(page)


def _others(query: Query) -> list[Other]:
    """Return the searches to try where this one finds nothing: with words that begin so, without one of its parts.

    What is left out is not asked for together with words that begin so, nor alone: both go through all mail.
    """
    wanted = [part for part in query.parts if not part.without]
    begun = " ".join(f"{part.text}*" if _can_go_on(part) else part.text for part in wanted)
    others = [Other("Words that begin so", begun, begun)] if any(map(_can_go_on, wanted)) else []
    if len(query.parts) > 1:
        parts = [part for part in query.parts[:MOST_OTHERS] if wanted != [part]]
        others += [Other("Without", part.text, query.without_part(part)) for part in parts]
    return [other for other in others if _readable(other.text)]


def _can_go_on(part: Term | Condition) -> bool:
    """Tell whether a word was found only as a whole, but need not be."""
    if not isinstance(part, Term) or part.begins or part.without:
        return False
    return part.text[-1].isalnum() and len(part.words[-1]) >= SHORTEST_START


def _readable(text: str) -> bool:
    try:
        read_query(text)
    except Unreadable:
        return False
    return True


def _found_instead(others: Sequence[Other], found: Found) -> list[tuple[str, str, str, str]]:
    """Return those that find something: what is done, to what, what is found then, the address."""
    return [
        (other.does, plain(other.part), presenting.count_in_words(count), url_for("search.search", q=other.text))
        for other, count in zip(others, found.instead, strict=False)
        if count.total
    ]


def _key(text: str | None) -> int | None:
    """Return the key in an address; what is none means the newest page."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 20 else None
