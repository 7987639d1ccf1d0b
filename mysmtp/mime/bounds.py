"""What a page of HTML would cost a parser, and the bounds of that. Counts only, of all that is written for it.

A parser has to do things as often as a page has elements, and each time looks through as many as there are. It is the
work that is bounded, not what leads to it, so that a mail may be written as badly as mails are, and is refused only
where a parser would be at it for seconds.
"""

from mysmtp.mime.markup import FORMATTING, PHRASING, SELF_ENDING, VOID

LONGEST = 1024 * 1024  # characters of a page
MOST_TAGS = 100_000
DEEPEST = 500  # elements in elements
MOST_REFERENCES = 100_000  # characters that stand as character references in what nh3 writes
MOST_REOPENED = 250_000  # formatting elements that a parser opens again, because what was around them ended
MOST_PASSED = 500_000_000  # nodes looked through to put something before a table, which it stands in but may not
MOST_SCANNED = 100_000_000  # elements looked through that stay open although the page ends them, or begins the next
MOST_LOOKED = 5_000_000  # elements looked through by us, to find what an end tag ends

_CELLS = frozenset(("td", "th", "caption"))
_TABLE_PARTS = frozenset(("table", "tbody", "thead", "tfoot", "tr", "colgroup", "col"))
_ITEMS = frozenset(("li", "dd", "dt"))
_BLANK = " \t\n\f\r"  # what HTML takes for white space, and leaves in a table


class TooMuch(Exception):
    """The page is beyond the bounds, in words."""


class Cost:
    """Counts what a parser has to do. Told of each start tag, end tag and text that is written, in their order."""

    def __init__(self) -> None:
        self._tags = 0
        self._references = 0
        self._nodes = 0
        self._formatting = 0  # formatting elements that are open
        self._reopened = 0
        self._passed = 0
        self._scanned = 0
        self._looked = 0
        self._tables = 0  # open ones
        self._between = False  # in a table, but in none of its cells
        self._items = 0  # paragraphs and items of lists
        self._item = ""
        self._unended = 0  # at most so many are open that are not in _open: see _count_item and end
        self._open: list[int] = []  # of each open element, how many items there were before it

    def tag(self) -> None:
        """A start tag is read, whether or not it is written."""
        self._tags += 1
        if self._tags > MOST_TAGS:
            raise TooMuch(f"the HTML has more than {MOST_TAGS:,} tags")

    def look(self, number: int) -> None:
        """So many elements were looked through to find the one that an end tag ends."""
        self._looked += number
        if self._looked > MOST_LOOKED:
            raise TooMuch("the HTML has too many end tags of what does not end there")

    def text(self, text: str) -> None:
        """A text is written."""
        self._reopen()
        self._references += sum(text.count(char) for char in "&<>\xa0")
        if self._references > MOST_REFERENCES:
            raise TooMuch(f"the HTML has more than {MOST_REFERENCES:,} special characters")
        if text.strip(_BLANK):
            self._place()

    def start(self, name: str) -> None:
        """A start tag is written."""
        self._reopen()
        self._scan()
        self._tables += name == "table"
        if name in _CELLS:
            self._between = False
        elif name in _TABLE_PARTS:
            self._between = self._tables > 0
        else:
            self._place()
        self._count_item(name)
        if name not in VOID and name not in SELF_ENDING:
            self._open.append(self._items)
            self._formatting += name in FORMATTING
            if len(self._open) > DEEPEST:
                raise TooMuch(f"the HTML has elements in elements, more than {DEEPEST} deep")

    def end(self, name: str) -> None:
        """An end tag is written: of the last that was opened and not ended, or of one that ends by itself."""
        self._scan()
        if name == "p":  # which begins one, where none is open
            self._place()
        if name in _CELLS or name in _TABLE_PARTS:
            self._between = name != "table" and self._tables > 0
        if name in SELF_ENDING:
            return
        items = self._open.pop()
        self._formatting -= name in FORMATTING
        self._tables -= name == "table"
        # An item in it that is open still keeps a parser from ending it (HTML section 13.2.6.4.7, "any other end tag").
        self._unended += name in PHRASING and items < self._items

    def _count_item(self, name: str) -> None:
        """Count an item. An item ends the one before it, but none of the other kind of list."""
        if name in _ITEMS:
            kind = "li" if name == "li" else "dd"
            self._unended += self._item not in ("", kind)
            self._item = kind
        self._items += name in _ITEMS or name == "p"

    def _reopen(self) -> None:
        self._reopened += self._formatting
        if self._reopened > MOST_REOPENED:
            raise TooMuch("the HTML has too many formatting elements around too much")

    def _place(self) -> None:
        """Count a node, and what is passed to put it, and what is opened again around it, before the table it is in."""
        self._nodes += 1
        if self._between:
            self._passed += self._nodes * (1 + self._formatting)
            if self._passed > MOST_PASSED:
                raise TooMuch("the HTML has too much in tables that is in none of their cells")

    def _scan(self) -> None:
        self._scanned += self._unended
        if self._scanned > MOST_SCANNED:
            raise TooMuch("the HTML has too many elements that end in the middle of others")
