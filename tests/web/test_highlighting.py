from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.web import highlighting
from mysmtp.web.highlighting import Span, highlighted

TOKENS = [
    "<",
    ">",
    "<!--",
    "-->",
    "<style>",
    "</style>",
    "<script>",
    "&amp;",
    '"',
    "'",
    "a",
    "=",
    "{",
    ":",
    " ",
    "\n",
    "ü",
]


def still() -> float:
    return 0.0


def test_tags_names_values_comments_and_references_are_told_apart() -> None:
    spans = list(highlighted('<p id="x">a &lt; b<!-- c --></p>', still))
    assert Span("tag", "<p") in spans
    assert Span("att", "id=") in spans or Span("att", "id") in spans
    assert Span("val", '"x"') in spans
    assert Span("", "a ") in spans
    assert Span("ent", "&lt;") in spans
    assert Span("rem", "<!-- c -->") in spans
    assert Span("tag", "</p>") in spans


def test_a_style_sheet_is_coloured_too() -> None:
    spans = list(highlighted("<style>p { color: red } /* c */</style>", still))
    assert Span("rem", "/* c */") in spans


@given(st.lists(st.sampled_from(TOKENS), max_size=60).map("".join))
def test_the_spans_are_the_whole_source(source: str) -> None:
    assert "".join(span.text for span in highlighted(source, still)) == source


def test_when_its_time_is_over_the_rest_is_plain() -> None:
    source = "<!-- a --><b>" * 1000
    ticks = count(0, highlighting.SECONDS / 10)
    spans = list(highlighted(source, lambda: next(ticks)))
    assert "".join(span.text for span in spans) == source
    assert 3 < len(spans) < 20
    assert spans[-1].kind == ""


def test_the_number_of_spans_is_bounded() -> None:
    source = "<b>&lt;" * highlighting.MOST_SPANS
    spans = list(highlighted(source, still))
    assert len(spans) <= highlighting.MOST_SPANS + 1
    assert "".join(span.text for span in spans) == source


def test_a_page_that_takes_a_lexer_the_square_of_its_length_is_given_up() -> None:
    source = "<!--" * 25_000  # takes Pygments half a minute
    assert list(highlighted(source)) == [Span("", source)]
