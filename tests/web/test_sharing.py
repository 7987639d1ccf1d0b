"""A page that many ask for at once is made once; nobody is given one that was made before they asked."""

import gzip
from collections.abc import Iterator
from itertools import count

from flask import Flask, Response

from mysmtp.web.sharing import ARRIVED, KEPT, Shared


def asked(
    shared: Shared,
    made: Iterator[int],
    arrived: float | None,
    path: str = "/x",
    news: float | None = None,
    encoding: str = "",
) -> Response:
    environ = {} if arrived is None else {ARRIVED: arrived}
    with Flask("x").test_request_context(path, environ_overrides=environ, headers={"Accept-Encoding": encoding}):
        return shared.answer(lambda: f"page {next(made)}" + " " * 2000, news)


def test_who_asked_before_it_was_made_is_given_it_and_who_asked_later_another() -> None:
    now = 10.0
    shared, made = Shared(lambda: now), count(1)

    def page(arrived: float | None, path: str = "/x") -> str:
        return asked(shared, made, arrived, path).get_data(as_text=True).strip()

    assert page(9.0) == "page 1"
    now = 11.0
    assert page(9.5) == "page 1"
    assert page(9.5, "/x?from=2") == "page 2"
    assert page(10.5) == "page 3"
    assert page(10.9) == "page 3"
    assert page(None) == "page 3"  # it came this very moment
    now = 12.0
    assert page(None) == "page 4"


def test_what_was_made_since_there_was_news_is_given_to_who_asks_later() -> None:
    shared, made = Shared(lambda: 10.0), count(1)
    asked(shared, made, 10.0)
    assert asked(shared, made, 12.0, news=9.0).data.startswith(b"page 1 ")
    assert asked(shared, made, 12.0, news=11.0).data.startswith(b"page 2 ")


def test_it_is_sent_compressed_to_who_takes_that() -> None:
    shared, made = Shared(lambda: 1.0), count(1)
    plain = asked(shared, made, 0.0)
    small = asked(shared, made, 0.0, encoding="gzip")
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"


def test_only_so_many_pages_are_kept() -> None:
    shared, made = Shared(lambda: 1.0), count(1)
    for number in range(KEPT + 1):
        asked(shared, made, 0.0, f"/{number}")
    assert asked(shared, made, 0.0, f"/{KEPT}").data.startswith(b"page %d " % (KEPT + 1))
    assert asked(shared, made, 0.0, "/0").data.startswith(b"page %d " % (KEPT + 2))
