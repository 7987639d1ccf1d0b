"""A Query as SQLite is asked for it: an expression of FTS5, conditions, and values that are only ever bound.

Pure. What stands in the expression are folded words in quotation marks, which hold letters, digits and marks alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from mysmtp.search.keys import LAST_KEY, key_of_moment
from mysmtp.search.query import Condition, Field, Query, Term
from mysmtp.search.schema import ANY, ATTACHED, own_word

_COLUMNS: dict[Field, str] = {
    "any": "",
    "from": "sender : ",
    "to": "recipients : ",
    "subject": "subject : ",
    "body": "body : ",
    "header": "{subject sender recipients header} : ",
    "filename": "files : ",
}
_FEW = 50  # mailboxes that are told apart by words
_EPOCH = datetime(1970, 1, 1).astimezone()
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask: `match` is an FTS5 expression, ``""`` where no words are asked for; `where` are conditions.

    `first` and `end` bound the keys. `unread` asks for mails nobody has looked at (True), or the others (False), which
    is not in these tables. `never`: no mail can be meant.
    """

    match: str
    where: tuple[str, ...]
    values: tuple[object, ...]
    first: int
    end: int
    unread: bool | None = None
    never: bool = False

    def within(self, boxes: Sequence[int]) -> "Plan":
        """Return the same in some mailboxes only."""
        return replace(self, where=(*self.where, f"mail.box IN ({','.join(map(str, map(int, boxes)))})"))

    def select(self, first: int, end: int, most: int, newest: bool = True) -> tuple[str, tuple[object, ...]]:
        """Return the statement for the newest (or oldest) mails with keys from `first` up to, not with, `end`."""
        order = "DESC" if newest else "ASC"
        bounds = (max(first, self.first), min(end, self.end))
        conditions = "".join(f" AND {condition}" for condition in self.where)
        if self.match:
            sql = (
                "SELECT mail.key, mail.box, mail.id FROM words CROSS JOIN mail ON mail.key = words.rowid"  # noqa: S608
                f" WHERE words MATCH ? AND words.rowid >= ? AND words.rowid < ?{conditions}"
                f" ORDER BY words.rowid {order} LIMIT ?"
            )
            return sql, (self.match, *bounds, *self.values, most)
        sql = (
            "SELECT mail.key, mail.box, mail.id FROM mail"  # noqa: S608  values are bound, the rest is ours
            f" WHERE mail.key >= ? AND mail.key < ?{conditions} ORDER BY mail.key {order} LIMIT ?"
        )
        return sql, (*bounds, *self.values, most)


def plan_of(
    query: Query,
    boxes: Callable[[str], Sequence[int]],
    words: Callable[[str], Sequence[str] | None],
    zone: tzinfo | None,
) -> Plan:
    """Return how to ask for a query.

    `boxes` gives the numbers of the mailboxes that a name means, `words` those that begin so, None where they are many.
    """
    planner = _Planner(boxes, words, zone)
    for term in query.terms:
        planner.term(term)
    for condition in query.conditions:
        planner.condition(condition)
    return planner.plan()


class _Planner:
    """Takes the parts of a query."""

    def __init__(
        self,
        boxes: Callable[[str], Sequence[int]],
        words: Callable[[str], Sequence[str] | None],
        zone: tzinfo | None,
    ) -> None:
        self._boxes = boxes
        self._words = words
        self._zone = zone
        self._with: list[str] = []
        self._without: list[str] = []
        self._where: list[str] = []
        self._values: list[object] = []
        self._first, self._end = 0, LAST_KEY * 2
        self._unread: bool | None = None
        self._never = False

    def plan(self) -> Plan:
        match = ""
        if self._with or self._without:
            match = " AND ".join(self._with or [f'"{ANY}"'])
            match = f"({match}) NOT ({' OR '.join(self._without)})" if self._without else match
        where, values = tuple(self._where), tuple(self._values)
        return Plan(match, where, values, self._first, self._end, self._unread, self._never)

    def term(self, term: Term) -> None:
        (self._without if term.without else self._with).append(_COLUMNS[term.field] + self._phrase(term))

    def _phrase(self, term: Term) -> str:
        """Return the words of a term; those of one that goes on by name, where they are few."""
        *before, last = term.words
        named = self._words(last) if term.begins else (last,)
        if not named:
            return f'"{" ".join(term.words)}" *'
        phrases = " OR ".join(f'"{" ".join((*before, word))}"' for word in named)
        return f"({phrases})" if len(named) > 1 else phrases

    def condition(self, condition: Condition) -> None:
        value = condition.value
        if condition.kind == "in":
            self._in(self._boxes(str(value)), condition.without)
        elif condition.kind == "has":
            (self._without if condition.without else self._with).append(f'"{ATTACHED}"')
        elif condition.kind == "is":
            unread = (value == "unread") is not condition.without
            self._never = self._never or self._unread is (not unread)
            self._unread = unread
        elif isinstance(value, date):
            self._since(value, (condition.kind == "after") is not condition.without)
        else:
            comparison = {("larger", False): ">", ("larger", True): "<=", ("smaller", False): "<"}
            self._where.append(f"mail.size {comparison.get((condition.kind, condition.without), '>=')} ?")
            self._values.append(value)

    def _in(self, numbers: Sequence[int], without: bool) -> None:
        if not numbers:
            self._never = self._never or not without
        elif len(numbers) <= _FEW:
            words = " OR ".join(f'"{own_word(number)}"' for number in numbers)
            (self._without if without else self._with).append(f"({words})")
        else:
            listed = ",".join(map(str, map(int, numbers)))
            self._where.append(f"mail.box {'NOT IN' if without else 'IN'} ({listed})")

    def _since(self, day: date, after: bool) -> None:
        """Keep the mails of a day and later ones, or those before it; days are those of the reader's zone."""
        key = day_key(day, self._zone)
        if after:
            self._first = max(self._first, key)
        else:
            self._end = min(self._end, key)


def day_key(day: date, zone: tzinfo | None) -> int:
    """Return the first key of a day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    try:
        moment = midnight if zone else midnight.astimezone()
        return key_of_moment((moment - _EPOCH) // _MICROSECOND)
    except (OverflowError, ValueError, OSError):  # the first and last days of the calendar
        return 0 if day.year < 1970 else LAST_KEY
