"""What a word is: expected values from how people write and search, and from Unicode's own equivalences."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.search.words import LONGEST, places, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World", ["hello", "world"]),
        ("alice@example.com", ["alice", "example", "com"]),
        ("user_name snake-case", ["user", "name", "snake", "case"]),
        ("Ünïcödé naïve", ["unicode", "naive"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("İstanbul", ["istanbul"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ", ["full", "width"]),
        ("ﬁnal", ["final"]),
        ("日本語 text", ["日", "本", "語", "text"]),
        ("こんにちは", ["こ", "ん", "に", "ち", "は"]),
        ("ﾊﾟﾊﾟ", ["パ", "パ"]),
        ("한국어", ["한", "국", "어"]),
        ("party🎉now", ["party", "🎉", "now"]),
        ("νέος ΝΕΟΣ", ["νεοσ", "νεοσ"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("مَرْحَبًا", ["مرحبا"]),
        ("שָׁלוֹם", ["שלום"]),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zerowidth"]),
        ("\ud800 \x00 !? ...", []),
        ("x" * 100, ["x" * LONGEST]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split(text) == words


@given(st.text())
def test_a_word_is_one_word_whichever_way_it_is_written(text: str) -> None:
    for word in split(text):
        assert split(word) == [word]
    assert split(unicodedata.normalize("NFD", text)) == split(unicodedata.normalize("NFC", text))


@given(st.text())
def test_places_are_in_order_and_hold_their_words(text: str) -> None:
    last = 0
    for start, end, word in places(text):
        assert 0 <= start < end <= len(text)
        assert start >= last or (start, end) == (last, end)
        assert word in split(text[start:end])
        last = start


def test_places_of_shown_text() -> None:
    text = "Ünïcode, 日本 co\u00adop"
    assert [(text[a:b], word) for a, b, word in places(text)] == [
        ("Ünïcode", "unicode"), ("日", "日"), ("本", "本"), ("co\u00adop", "coop"),
    ]  # fmt: skip
