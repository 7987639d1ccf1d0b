"""What has happened since the start, counted: totals, and slots of time for those who look back an hour or a day.

A subscriber of the bus that stands in the way of every mail, so it adds up there and does nothing else. Knows neither
how the counts are asked for nor how they are shown.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mysmtp.events import Bus, Event, MessageStored, Refused, SessionClosed, SessionOpened

# Upper bounds of what is counted together; one more counter takes what is beyond the last.
WAITS = tuple(
    round(step * 10.0**power, 6) for power in range(-4, 2) for step in (1, 1.5, 2, 3, 5, 7)
)  # seconds, 0.1 ms to 70 s
SIZES = (300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)  # octets
BASE = 5  # seconds of the shortest slot


@dataclass(frozen=True, slots=True)
class Span:
    """A time to look back on: `number` slots of `width` seconds."""

    key: str
    label: str
    width: int
    number: int


SPANS = (Span("minutes", "5 minutes", BASE, 60), Span("hour", "Hour", 60, 60), Span("day", "Day", 900, 96))


@dataclass(slots=True)
class Slot:
    """What happened in some time. `open` sessions are those at its end, `peak` the most at once.

    `waits` counts mails by `WAITS`, the time from the end of data until a mail was durable; `sizes` by `SIZES`.
    """

    stored: int = 0
    octets: int = 0
    refused: int = 0
    failed: int = 0
    opened: int = 0
    open: int = 0
    peak: int = 0
    waits: list[int] = field(default_factory=lambda: [0] * (len(WAITS) + 1))
    sizes: list[int] = field(default_factory=lambda: [0] * (len(SIZES) + 1))
    waited: float = 0.0

    def add(self, later: "Slot") -> None:
        """Take in what happened right after."""
        self.stored += later.stored
        self.octets += later.octets
        self.refused += later.refused
        self.failed += later.failed
        self.opened += later.opened
        self.waited += later.waited
        self.open = later.open
        self.peak = max(self.peak, later.peak)
        self.waits = [one + other for one, other in zip(self.waits, later.waits, strict=True)]
        self.sizes = [one + other for one, other in zip(self.sizes, later.sizes, strict=True)]


def quantile(waits: Sequence[int], share: float) -> float | None:
    """Return the seconds that `share` of the mails did not wait longer than, as near as the counters know.

    None for no mails; what is beyond the last bound counts as that.
    """
    rank = share * sum(waits)
    if not rank:
        return None
    below = 0.0
    for number, low, high in zip(waits, (0.0, *WAITS), (*WAITS, WAITS[-1]), strict=True):
        if number and below + number >= rank:
            return low + (high - low) * (rank - below) / number
        below += number
    return WAITS[-1]


class Meter:
    """Counts what the bus tells. `clock` gives seconds since 1970."""

    def __init__(self, bus: Bus, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.started = clock()
        self.sessions: dict[str, int] = {}  # by protocol, since the start
        self._open = 0
        self._slot = Slot()
        self._began = self._floor(self.started)
        self._past = Slot()  # all but the current slot
        self._series: dict[str, dict[int, Slot]] = {span.key: {} for span in SPANS}
        bus.attach(self._on_stored, MessageStored)
        bus.attach(self._on_opened, SessionOpened)
        bus.attach(self._on_closed, SessionClosed)
        bus.attach(self._on_refused, Refused)

    def totals(self) -> Slot:
        """Return what happened since the start."""
        current = self._now()  # first: it may end a slot
        found = Slot()
        found.add(self._past)
        found.add(current)
        return found

    def look_back(self, span: Span) -> Sequence[tuple[int, Slot | None]]:
        """Return the slots of a span that are over, the oldest first, each with the second since 1970 it began at.

        None stands for those that were over before the start, of which nothing is known.
        """
        self._now()
        series, width = self._series[span.key], span.width
        # What is still in the base slot reaches the longer ones as that one ends; none of them ends before it does.
        last = int(self._began // width)
        return list(self._filled(series, range(last - span.number, last), width))

    def _filled(self, series: dict[int, Slot], numbers: range, width: int) -> Iterator[tuple[int, Slot | None]]:
        open_ = series[max(before)].open if (before := [each for each in series if each < numbers.start]) else 0
        for number in numbers:
            slot = series.get(number)
            if slot is None and (number + 1) * width <= self.started:
                yield number * width, None
                continue
            if slot is None:  # nothing happened: sessions stayed as they were
                slot = Slot(open=open_, peak=open_)
            open_ = slot.open
            yield number * width, slot

    def _now(self) -> Slot:
        """Return the slot of this moment."""
        now = self._clock()
        if not self._began <= now < self._began + BASE:
            self._turn(now)
        return self._slot

    def _turn(self, now: float) -> None:
        """End the current slot, and begin another."""
        over = self._slot
        self._past.add(over)
        for span in SPANS:
            series = self._series[span.key]
            series.setdefault(int(self._began // span.width), Slot()).add(over)
            oldest = int(now // span.width) - span.number
            for number in sorted(each for each in series if each < oldest)[:-1]:  # the last tells who was still there
                del series[number]
        self._slot = Slot(open=self._open, peak=self._open)
        self._began = self._floor(now)

    @staticmethod
    def _floor(now: float) -> int:
        return int(now // BASE) * BASE

    def _on_stored(self, event: Event) -> None:
        assert isinstance(event, MessageStored)
        slot = self._now()
        slot.stored += 1
        slot.octets += event.size
        slot.waited += event.seconds
        slot.waits[bisect_left(WAITS, event.seconds)] += 1
        slot.sizes[bisect_left(SIZES, event.size)] += 1

    def _on_opened(self, event: Event) -> None:
        assert isinstance(event, SessionOpened)
        slot = self._now()
        self.sessions[event.protocol] = self.sessions.get(event.protocol, 0) + 1
        self._open += 1
        slot.opened += 1
        slot.open = self._open
        slot.peak = max(slot.peak, self._open)

    def _on_closed(self, _event: Event) -> None:
        slot = self._now()
        self._open -= 1
        slot.open = self._open

    def _on_refused(self, event: Event) -> None:
        assert isinstance(event, Refused)
        slot = self._now()
        if event.failed:
            slot.failed += 1
        else:
            slot.refused += 1
