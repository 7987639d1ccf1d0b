"""Words as they are searched: cut out of any text and folded, so that case, accents and width make no difference.

Pure. The index, the query and the marks on a page all use what stands here, so they cannot disagree on what a word is.
Where a script writes no spaces between words (Chinese, Japanese, Korean, Thai, and emoji), each character is a word of
its own: whatever is asked for is then found as the row of its characters.
"""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64  # characters of a word that are told apart

# Marks that readers leave out when they type: accents, Hebrew points, Arabic vowels; and what has no width at all.
_DROPPED = (
    *range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x670,
    *range(0x6D6, 0x6DD), 0xAD, *range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0xFE00, 0xFE10), 0xFEFF,
)  # fmt: skip
_DROP = dict.fromkeys(_DROPPED)
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7fb\uf900-\ufaff"
    "\uff66-\uff9f\U0001f000-\U0001faff\U00020000-\U0003ffff"
)


def _marks() -> str:
    """Return, for a class of characters, the marks that words of many scripts hold: vowel signs of Indic ones."""
    codes = [code for code in range(0x300, 0x1D00) if unicodedata.category(chr(code))[0] == "M"]
    codes = [code for code in codes if not _APART.match(chr(code))]
    ends = [code for code, following in zip(codes, [*codes[1:], 0], strict=True) if following != code + 1]
    starts = [code for code, before in zip(codes, [0, *codes], strict=False) if before != code - 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


_APART = re.compile(f"[{_ALONE}]")
_INSIDE = _marks()
_WORD = re.compile(f"[^\\W_]+(?:[{_INSIDE}]+[^\\W_]*)*|[{_ALONE}]")  # where what stands alone is parted by spaces
_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_SIGNS = {code: " " for code in range(128) if not chr(code).isalnum()}
_SHOWN_WORD = re.compile(f"[{_ALONE}]|(?:(?![{_ALONE}])[^\\W_]|[{_INSIDE}{''.join(map(chr, _DROPPED))}])+")


def fold(text: str) -> str:
    """Return a text as it is compared: lower case, no accents, the plain form of each character."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", plain.translate(_DROP))


def split(text: str) -> list[str]:
    """Return the words of a text, folded, in order. None of them holds anything but letters, digits and marks."""
    folded = fold(text)
    # Those in ASCII, as most are, cost a tenth that way.
    words = folded.translate(_SIGNS).split() if folded.isascii() else _WORD.findall(_APART.sub(r" \g<0> ", folded))
    return [word[:LONGEST] for word in words]


def stands_alone(word: str) -> bool:
    """Tell whether a word is a character of a script that writes no spaces: it does not go on."""
    return _APART.fullmatch(word) is not None


def places(text: str) -> Iterator[tuple[int, int, str]]:
    """Give each word of a text that is shown: where it begins and ends in it, and the word, folded."""
    if text.isascii():
        for found in _ASCII_WORD.finditer(text):
            yield found.start(), found.end(), found[0].lower()[:LONGEST]
        return
    for found in _SHOWN_WORD.finditer(text):
        for word in split(found[0]):
            yield found.start(), found.end(), word
