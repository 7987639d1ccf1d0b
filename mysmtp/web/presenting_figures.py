"""Figures as plots: paths of lines in a box that stretches, the words round it, and the same as a table. Pure geometry.

The SVG holds lines only; all text is HTML beside it, so that it stays readable at any width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mysmtp.message import MailboxSummary
from mysmtp.metrics import SIZES, Slot, Span, quantile
from mysmtp.web.presenting import Clock, When, count_words, plain, size_words

WIDTH, HEIGHT = 600, 100
MOST_BOXES = 10

Value = float | None  # None: there was nothing to measure
Slots = Sequence[tuple[int, Slot | None]]  # with the second they began at; None: nothing is known of it


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: what it is called, its path, and its last value in words."""

    name: str
    path: str
    last: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One quantity over time. `scale` are the words at the ruled lines, from the top; `rows` the same as numbers.

    `before` is the path round the time of which nothing is known, empty where there is none.
    """

    title: str
    last: str
    unit: str
    scale: tuple[str, str, str]
    lines: tuple[Line, ...]
    before: str
    begins: When
    ends: When
    rows: tuple[tuple[When, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a plot of bars: what it is, how many in words, and how long its bar is, of 100."""

    label: str
    number: str
    length: float
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """A quantity by kind: a table whose rows have bars."""

    title: str
    kind: str
    rows: tuple[Bar, ...]
    more: str = ""


def plots_of(span: Span, slots: Slots, clock: Clock) -> tuple[Plot, ...]:
    """Return the quantities over a span, as seen at `clock`."""
    per, unit = (span.width, "second") if span.width < 60 else (span.width / 60, "minute")

    def rate(slot: Slot) -> Value:
        return slot.stored / per

    def half(slot: Slot) -> Value:
        return _milliseconds(slot, 0.5)

    def most(slot: Slot) -> Value:
        return _milliseconds(slot, 0.99)

    def refused(slot: Slot) -> Value:
        return slot.refused * 60 / span.width

    def failed(slot: Slot) -> Value:
        return slot.failed * 60 / span.width

    def peak(slot: Slot) -> Value:
        return float(slot.peak)

    return (
        _plot(f"Mails a {unit}", "", {"mails": rate}, span, slots, clock),
        _plot("Open sessions", "", {"open": peak}, span, slots, clock),
        _plot("End of data to reply", "ms", {"half": half, "99 of 100": most}, span, slots, clock),
        _plot("Refusals a minute", "", {"refused": refused, "failed": failed}, span, slots, clock),
    )


def _milliseconds(slot: Slot, share: float) -> Value:
    seconds = quantile(slot.waits, share)
    return None if seconds is None else seconds * 1000


def _plot(
    title: str,
    unit: str,
    measures: dict[str, Callable[[Slot], Value]],
    span: Span,
    slots: Slots,
    clock: Clock,
) -> Plot:
    columns = {name: [measure(slot) if slot else None for _, slot in slots] for name, measure in measures.items()}
    top = nice_top(max((value for values in columns.values() for value in values if value is not None), default=0))
    lines = tuple(Line(name, path_of(values, top), words(values[-1])) for name, values in columns.items())
    times = [_moment(began, clock) for began, _ in slots]
    table = zip(
        times, zip(*([words(value) for value in values] for values in columns.values()), strict=True), strict=True
    )
    return Plot(
        title, lines[0].last, unit, (words(top), words(top / 2), "0"), lines, before_of(slots),
        times[0], _end(span, slots, clock), tuple(table),
    )  # fmt: skip


def _end(span: Span, slots: Slots, clock: Clock) -> When:
    return _moment(slots[-1][0] + span.width, clock)


def _moment(second: int, clock: Clock) -> When:
    found = clock.time(datetime.fromtimestamp(second, UTC))
    assert found is not None
    return When(found.iso, found.text if second % 60 else found.text[:5], found.full, found.exact)


def words(value: Value) -> str:
    """Return a value in as many digits as tell something; a dash for none."""
    if value is None:
        return "–"
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 1 else 2
    return f"{value:,.{digits}f}"


def nice_top(most: float) -> float:
    """Return where a scale ends that holds `most`: 1, 2 or 5 times a power of ten; 1 for nothing."""
    if most <= 0:
        return 1.0
    power = 10.0**-6
    while True:
        for step in (1, 2, 5):
            if step * power >= most:
                return round(step * power, 6)
        power *= 10


def path_of(values: Sequence[Value], top: float) -> str:
    """Return the path of a line in the box; where there is nothing to measure, it is interrupted."""
    step = _step(len(values))
    pieces: list[str] = []
    pen = "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        pieces.append(f"{pen}{place * step:.1f} {HEIGHT - value / top * HEIGHT:.1f}")
        # A value by itself would be a line of no length, which round ends show as a dot.
        pieces += ["h0"] if pen == "M" else []
        pen = "L"
    return "".join(pieces)


def before_of(slots: Slots) -> str:
    """Return the path round the time before the first slot of which anything is known."""
    unknown = next((place for place, (_, slot) in enumerate(slots) if slot), len(slots))
    return f"M0 0H{min(WIDTH, unknown * _step(len(slots))):.1f}V{HEIGHT}H0Z" if unknown else ""


def _step(values: int) -> float:
    return WIDTH / max(1, values - 1)


def sizes_of(span: Span, slots: Slots, clock: Clock) -> Bars:
    """Return how large the mails of a span were."""
    known = (slot.sizes for _, slot in slots if slot)
    counts = [sum(column) for column in zip(Slot().sizes, *known, strict=True)]
    labels = [*(f"up to {size_words(bound)}" for bound in SIZES), f"over {size_words(SIZES[-1])}"]
    most = max(counts, default=0)
    rows = [
        Bar(label, f"{number:,}", 100 * number / most) for label, number in zip(labels, counts, strict=True) if number
    ]
    return Bars(f"Sizes of mails, the {span.label.lower()} until {_end(span, slots, clock).text}", "size", tuple(rows))


def boxes_of(boxes: Sequence[MailboxSummary]) -> Bars:
    """Return which mailboxes hold the most mails now."""
    filled = sorted((box for box in boxes if box.mails), key=lambda box: (-box.mails, box.name))
    shown = filled[:MOST_BOXES]
    rows = [Bar(plain(box.name), f"{box.mails:,}", 100 * box.mails / shown[0].mails, box.name) for box in shown]
    more = len(filled) - len(shown)
    return Bars(
        "Mails by mailbox, all there are now",
        "mailbox",
        tuple(rows),
        f"and {count_words(more, 'mailbox', 'mailboxes')} more" if more else "",
    )


def sum_words(total: Slot, sessions: int) -> str:
    """Return what happened since the start in one line."""
    return ", ".join((count_words(total.stored, "mail"), size_words(total.octets), count_words(sessions, "session")))
