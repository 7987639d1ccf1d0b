"""The words of an HTML page, as a reader of it sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.mime.plaintext import text_of_html


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p>Hello <b>Bo</b>b</p>", "Hello Bob"),
        ("<td>one</td><td>two</td>", "one two"),
        ("one<br>two", "one two"),
        ("d&eacute;j&agrave; &amp; vu&nbsp;x", "déjà & vu x"),
        ("<title>no</title><style>.no{}</style><script>no()</script>yes", "yes"),
        ('see <img src="x" alt="the logo"> here', "see the logo here"),
        ("a <!-- no --> b", "a b"),
        ("2 < 3", "2 < 3"),
        ("", ""),
    ],
)
def test_words(page: str, words: str) -> None:
    assert " ".join(text_of_html(page, 1000).split()) == words


def test_a_long_page_is_read_to_its_bound() -> None:
    assert text_of_html("x" * 100, 10) == "x" * 10


@given(
    st.text() | st.lists(st.sampled_from(["<", ">", "<b", "</", "&", "=", '"', "alt", "img", " ", "x"])).map("".join)
)
def test_anything_has_a_text(page: str) -> None:
    text_of_html(page, 10_000)
