"""Marks: which words of a text were looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.search.query import read_query
from mysmtp.web.marks import Marker, Marks, Pieces


def bracketed(pieces: Pieces) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


def mark(text: str, query: str) -> str:
    return bracketed(Marker(read_query(query).terms).marked(text))


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("An invoice, an Invoice", "invoice", "An [invoice], an [Invoice]"),
        ("invoices", "invoice", "invoices"),
        ("invoices", "invoi*", "[invoices]"),
        ("Müller and Muller", "muller", "[Müller] and [Muller]"),
        ("thank you, thank me", '"thank you"', "[thank you], thank me"),
        ("thank me, you", "thank you", "[thank] me, [you]"),
        ("to bob@example.com now", "bob@example.com", "to [bob@example.com] now"),
        ("a b c", '"a b" "b c"', "[a b][ c]"),
        ("日本語です", "本語", "日[本][語]です"),
        ("end", '"end of"', "end"),
        ("co\u00adop", "coop", "[co\u00adop]"),
        ("", "x", ""),
        ("snake_case", "case", "snake_[case]"),
        ("x" * 70, "x" * 64, "[" + "x" * 70 + "]"),
        ("bar barn band", "band bar*", "[bar] [barn] [band]"),
        ("a a a", '"a a"', "[a a][ a]"),
        ("a-bus c", "a-bus*", "[a-bus] c"),
        ("a-bus c", '"a b" "a bus c"', "[a-bus c]"),
        ("cafe", "café", "[cafe]"),
        ("no", "é日", "no"),
    ],
)
def test_marks(text: str, query: str, shown: str) -> None:
    assert mark(text, query).replace("][", "") == shown.replace("][", "")


@given(st.text(), st.text(max_size=5))
def test_marking_changes_no_text(text: str, word: str) -> None:
    terms = read_query('"' + "".join(char for char in word if char.isalnum()) + ' x"').terms
    assert "".join(piece.text for piece in Marker(terms).marked(text)) == text


@given(
    st.text("ab_ -", max_size=12),
    st.lists(
        st.sampled_from(("a", "b", "ab", '"a b"', '"a a"', "aab*", "a-aab*", "aba")),
        min_size=1,
        max_size=3,
        unique=True,
    ),
)
def test_plain_texts_are_marked_as_all_others_are(text: str, words: list[str]) -> None:
    marker = Marker(read_query(" ".join(words)).terms)
    assert list(marker.spans(text)) == list(marker._among_words(text))


def test_a_field_is_marked_with_what_was_looked_for_there() -> None:
    marks = Marks(read_query("any subject:title header:head body:text -any2"))
    assert bracketed(marks.of("subject").marked("any any2 title head text")) == "[any] any2 [title] [head] text"
    assert bracketed(marks.of("body").marked("any any2 title head text")) == "[any] any2 title head [text]"
    assert marks.of("body") is marks.of("body")
