"""What a row is, and a table."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.trial import Bench


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the word that selects it, what is measured, the goal (empty: to be told only), how to fill its cells."""

    key: str
    name: str
    goal: str
    measure: Callable[[Bench], list[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one shape; `columns` are the heads after work and goal."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
