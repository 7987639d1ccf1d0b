"""Any text is a search that can be read, or a sentence that says which part of it cannot be, and why."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.search.query import Condition, Query, Term, Unreadable, read_query
from mysmtp.search.words import split

OPERATORS = (
    *("from:", "to:", "subject:", "body:", "header:", "filename:", "in:", "has:attachment", "is:unread", "is:read"),
    *("before:2026-11-01", "after:2026-11-01", "larger:1M", "smaller:2k", "-", '"', "*", " ", "NEAR(", "^", "{a b}:"),
)


def terms(text: str) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(term.field, term.words, term.without) for term in read_query(text).terms]


def test_words_and_phrases() -> None:
    assert terms('Invoice  "Thank you"') == [("any", ("invoice",), False), ("any", ("thank", "you"), False)]
    assert terms("“thank you”") == [("any", ("thank", "you"), False)]
    assert terms("alice@example.com") == [("any", ("alice", "example", "com"), False)]


def test_a_minus_takes_out_what_follows() -> None:
    assert terms('a -b -"c d" -from:e') == [
        ("any", ("a",), False),
        ("any", ("b",), True),
        ("any", ("c", "d"), True),
        ("from", ("e",), True),
    ]
    assert read_query("-in:bob@x").conditions == (Condition("in", "bob@x", "-in:bob@x", True),)


def test_two_minuses_are_the_beginning_of_a_word_like_any_other() -> None:
    assert terms("--verbose") == [("any", ("verbose",), False)]


@pytest.mark.parametrize("field", ["from", "to", "subject", "body", "header", "filename"])
def test_fields(field: str) -> None:
    assert terms(f"{field}:Alice") == [(field, ("alice",), False)]
    assert terms(f'{field.upper()}:"Alice B"') == [(field, ("alice", "b"), False)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("in:Bob@Example.com", "in", "bob@example.com"),
        ('in:"a b@x"', "in", "a b@x"),
        ("has:attachment", "has", "attachment"),
        ("is:unread", "is", "unread"),
        ("is:READ", "is", "read"),
        ("before:2026-11-01", "before", date(2026, 11, 1)),
        ("after:2026/1/2", "after", date(2026, 1, 2)),
        ("larger:1M", "larger", 1_000_000),
        ("larger:1.5MB", "larger", 1_500_000),
        ("smaller:20k", "smaller", 20_000),
        ("smaller:1KiB", "smaller", 1024),
        ("smaller:412", "smaller", 412),
    ],
)
def test_conditions(text: str, kind: str, value: object) -> None:
    (found,) = read_query(text).conditions
    assert (found.kind, found.value, found.text) == (kind, value, text)


def test_a_star_asks_for_words_that_begin_so() -> None:
    assert read_query("invoi*").terms == (Term("any", ("invoi",), "invoi*", begins=True),)


def test_a_star_after_a_script_without_spaces_means_nothing() -> None:
    assert read_query("日本*").terms == (Term("any", ("日", "本"), "日本*"),)


def test_an_unknown_operator_is_searched_as_words_and_said_so() -> None:
    query = read_query("tag:urgent")
    assert terms("tag:urgent") == [("any", ("tag", "urgent"), False)]
    assert query.notes == ("tag: is no operator, so tag:urgent was searched as words.",)
    assert read_query("https://example.com Re: 12:30").notes == ()


def test_signs_beside_words_are_passed_over_and_said_so() -> None:
    query = read_query("hello !!! - world")
    assert [term.words for term in query.terms] == [("hello",), ("world",)]
    assert query.notes == ("!!! holds no word, so it was passed over.",)


def test_nothing_is_a_search_for_nothing() -> None:
    assert read_query("  ") == Query("")


@pytest.mark.parametrize(
    ("text", "part", "why"),
    [
        ("hello from:", "from:", "After from: nothing follows"),
        ('hello in:""', 'in:""', "After in: nothing follows"),
        ('x "never closed', '"never closed', "never closed"),
        ("before:tomorrow", "before:tomorrow", "such as 2026-11-01"),
        ("after:2026-02-30", "after:2026-02-30", "such as 2026-11-01"),
        ("larger:big", "larger:big", "such as 20k or 1.5M"),
        ("has:cheese", "has:cheese", "has:attachment"),
        ("is:lost", "is:lost", "is:unread"),
        ("is:starred", "is:starred", "is:unread or is:read"),
        ("in*", "in*", "at least 3 letters"),
        ("abc* def* ghi* jkl*", "jkl*", "At most 3 words can end in *"),
        ("subject:!!", "subject:!!", "no word after subject:"),
        ("?!", "?!", "no word"),
        ("x" * 513, "x" * 100 + "… (513 characters)", "at most 512 characters"),
        ("a " * 41, "a", "at most 40"),
        ('"\x1b[31m', '"\\x1b[31m', "never closed"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(text: str, part: str, why: str) -> None:
    with pytest.raises(Unreadable) as fault:
        read_query(text)
    assert fault.value.part == part
    assert why in fault.value.why


@pytest.mark.parametrize(("text", "noted"), [("a OR b", "OR"), ("a AND b", "AND"), ("a or b", ""), ('a "OR" b', "")])
def test_what_joins_words_elsewhere_is_told_to_be_a_word(text: str, noted: str) -> None:
    note = f"{noted} is a word like any other: a mail must have all that is asked for."
    assert read_query(text).notes == ((note,) if noted else ())


def test_a_search_can_be_had_without_one_of_its_parts() -> None:
    query = read_query('invoice from:shop "thank you"')
    assert query.without_part(query.terms[1]) == 'invoice "thank you"'


@given(st.one_of(st.text(max_size=600), st.lists(st.sampled_from(OPERATORS) | st.text(max_size=8)).map("".join)))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    found = outcome(text)
    if isinstance(found, Unreadable):
        assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in found.part)
        assert found.why
        return
    for term in found.terms:
        assert term.words
        for word in term.words:
            assert split(word) == [word]
            assert not any(char.isspace() or char in '"*:^(){}' for char in word)


def outcome(text: str) -> Query | Unreadable:
    try:
        return read_query(text)
    except Unreadable as fault:
        return fault


@given(st.text(max_size=200))
def test_a_phrase_of_a_text_means_its_words(text: str) -> None:
    words = split(text)
    if not words or len(text) > 500:
        return
    (term,) = read_query('"' + " ".join(words)[:500].replace('"', "") + '"').terms
    assert list(term.words) == words[: len(term.words)]
