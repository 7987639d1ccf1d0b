"""The text of an HTML page, for those who look for words in it: no markup, and no line breaks worth showing.

Pure and linear. What a reader would not see (styles, scripts) is left out; what a style hides is not.
"""

from mysmtp.mime.tokens import tokens

# Tags within a word or a sentence: text on both sides of one belongs together.
_WITHIN = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small span strike strong sub"
    " sup tt u var wbr"
)
_INLINE = frozenset(_WITHIN.split())


def text_of_html(page: str, longest: int) -> str:
    """Return the text of the first `longest` characters of a page, words parted as a reader sees them; never raises.

    What the author wrote to stand for an image counts as text.
    """
    pieces: list[str] = []
    for token in tokens(page[:longest]):
        if not token.name:
            pieces.append(token.text)
            continue
        if token.name not in _INLINE:
            pieces.append("\n")
        pieces += [f" {value} " for name, value in token.attributes if name == "alt" and value]
    return "".join(pieces)
