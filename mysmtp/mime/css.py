"""Style sheets and style attributes of a mail, made safe: read into rules and declarations, written anew.

What is not known to be harmless is left out: a function that is not on the list, an at-rule that is not. No URL stays
but those that the caller's `Resource` gives back, and no ``<`` and no backslash, so that neither a parser of HTML nor
an escape finds anything else in the text. Linear: every character is looked at a few times.
"""

import re
from collections.abc import Callable, Iterator

LONGEST = 256 * 1024  # characters of style in one mail
MOST_RULES = 5000
_DEPTH = 4  # @media in @media

Resource = Callable[[str, str], str | None]
"""Called with what a style refers to and of what kind (``images``, ``fonts``); returns a URL to use, None for none."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|(.)|\Z)", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f<\ud800-\udfff]")
_STRING = r'"[^"\n]*+"|' + r"'[^'\n]*+'"
_URL = rf"url\(\s*+(?:(?P<quoted>{_STRING})|(?P<bare>[^\"'()\s]*+))\s*+\)"
_VALUE = re.compile(
    rf"(?P<url>{_URL})|(?P<string>{_STRING})|(?P<function>[\w-]*+\()|(?P<other>[^\"'()@{{}};\\]|\))", re.IGNORECASE
)
_PIECE = re.compile(rf"{_STRING}|[^\"'(){{}};]++|.", re.DOTALL)
_PROPERTY = re.compile(r"\s*(-{0,2}[a-zA-Z][a-zA-Z0-9-]{0,60})\s*:(.*)", re.DOTALL)
_SELECTOR = re.compile(r"""(?:[\w\s.#,:>+~*=\[\]()|^$-]|"[\w\s./:%-]*+"|'[\w\s./:%-]*+'){1,2000}""")
_REACHES_OUT = re.compile(r":(?:host|slotted|part)", re.IGNORECASE)  # of the shadow root that the mail stands in
_MEDIA = re.compile(r"@(?:media|supports)\b[\w\s(),:./-]{1,500}", re.IGNORECASE)
_NO_TEXT = re.compile(r"url\(|@|expression|javascript:", re.IGNORECASE)  # in a string, lest it be read as none
_BREAKS_OUT = re.compile('["\\\\<\x00-\x1f]')
_RUNS_CODE = re.compile(r"behavi|-moz-binding|-webkit-user-modify", re.IGNORECASE)
_HARMLESS = (
    "rgb( rgba( hsl( hsla( hwb( lab( lch( calc( min( max( clamp( var( linear-gradient( radial-gradient( conic-gradient("
    " repeating-linear-gradient( repeating-radial-gradient( rotate( scale( scalex( scaley( translate( translatex("
    " translatey( translate3d( skew( skewx( skewy( matrix( cubic-bezier( steps( blur( brightness( contrast( grayscale("
    " opacity( saturate( sepia( invert( hue-rotate( drop-shadow( format( local( rect( inset( circle( ellipse( polygon("
    " counter( counters( minmax( repeat( fit-content( ("
)
_FUNCTIONS = frozenset(_HARMLESS.split())


def declarations(style: str, resource: Resource, kind: str = "images") -> str:
    """Return the declarations of a style attribute, or of a block, that are harmless, ``;`` between them."""
    kept = []
    for text in _parted(_plain(style)):
        found = _PROPERTY.fullmatch(text)
        if found and not _RUNS_CODE.search(found[1]):
            value = _value(found[2].strip(), resource, kind)
            if value:
                kept.append(f"{found[1].lower()}:{value}")
    return ";".join(kept)


def sheet(style: str, resource: Resource) -> str:
    """Return a style sheet with its harmless rules. ``@import`` is asked of `resource` as ``styles`` and left out."""
    return "\n".join(_rules(_plain(style[:LONGEST]), resource, _DEPTH))


def _plain(style: str) -> str:
    """Take out comments and undo escapes, so that every name stands as it is meant."""
    text = _CONTROL.sub("", style.replace("<!--", " ").replace("-->", " "))
    text = _COMMENT.sub(" ", text)
    text = _ESCAPE.sub(_unescaped, text) if "\\" in text else text
    return text.replace("/*", "/ *").replace("*/", "* /")  # none is left, and none is made by what was taken out


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        code = int(found[1], 16)
        char = chr(code) if code < 0x110000 else ""
    else:
        char = found[2] or ""
    return "" if char in "\"'(){};:@<>\\/*\n\r\f" else char


def _rules(text: str, resource: Resource, depth: int) -> Iterator[str]:
    """Give each harmless rule of a sheet, made anew."""
    for number, (prelude, block) in enumerate(_blocks(text)):
        if number == MOST_RULES:
            return
        head = prelude.strip()
        if not head.startswith("@"):
            inner = declarations(block, resource) if block is not None and _is_harmless(head) else ""
            if inner:
                yield f"{head}{{{inner}}}"
        elif block is None:
            if head.lower().startswith("@import"):
                resource(_reference(head), "styles")
        elif head.lower().startswith("@font-face"):
            inner = declarations(block, resource, "fonts")
            if "src:" in inner:
                yield f"@font-face{{{inner}}}"
        elif _MEDIA.fullmatch(head) and depth:
            yield f"{head}{{{' '.join(_rules(block, resource, depth - 1))}}}"


def _is_harmless(selector: str) -> bool:
    return _SELECTOR.fullmatch(selector) is not None and not _REACHES_OUT.search(selector)


def _reference(head: str) -> str:
    """Return what an ``@import`` refers to."""
    return re.sub(r"""(?i)^@import\s*(?:url\()?\s*["']?""", "", head).partition('"')[0].partition("'")[0].rstrip(") ")


def _blocks(text: str) -> Iterator[tuple[str, str | None]]:
    """Give (prelude, block) of each rule, the block without its braces; None for a statement such as ``@import``."""
    begun, depth, opened = 0, 0, 0
    for piece in _PIECE.finditer(text):
        mark = piece[0]
        if mark == "{":
            opened = piece.start() if depth == 0 else opened
            depth += 1
        elif mark == "}" and depth:
            depth -= 1
            if depth == 0:
                yield text[begun:opened], text[opened + 1 : piece.start()]
                begun = piece.end()
        elif (mark == ";" and depth == 0) or mark == "}":
            yield text[begun : piece.start()], None
            begun = piece.end()
    if depth:  # a sheet that ends in the middle of a rule, which browsers take as closed
        yield text[begun:opened], text[opened + 1 :]
    elif text[begun:].strip():
        yield text[begun:], None


def _parted(text: str) -> Iterator[str]:
    """Give the declarations of a block: parted at semicolons that are not within strings or parentheses."""
    begun, depth = 0, 0
    for piece in _PIECE.finditer(text):
        mark = piece[0]
        depth += {"(": 1, ")": -1 if depth else 0}.get(mark, 0)
        if mark == ";" and depth == 0:
            yield text[begun : piece.start()]
            begun = piece.end()
    yield text[begun:]


def _value(text: str, resource: Resource, kind: str) -> str:
    """Return the value of a declaration with its URLs replaced, ``""`` where something in it is not harmless."""
    pieces, at, depth = [], 0, 0
    while at < len(text):
        found = _VALUE.match(text, at)
        if not found:
            return ""
        at = found.end()
        piece = found[0]
        if found["url"] is not None:
            url = resource((found["quoted"] or "")[1:-1] or found["bare"] or "", kind)
            if url is None or _BREAKS_OUT.search(url):
                return ""
            piece = f'url("{url}")'
        elif found["function"] is not None:
            if piece.lower() not in _FUNCTIONS:
                return ""
            depth += 1
        elif piece == ")":
            depth -= 1
        elif found["string"] is not None and _NO_TEXT.search(piece):
            return ""
        pieces.append(piece)
    return "".join(pieces) if depth == 0 else ""
