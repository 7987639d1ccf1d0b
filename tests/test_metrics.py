"""What the meter counts, against counts made by hand, and that time goes on as it should."""

import pytest

from mysmtp.events import Bus, MessageStored, Refused, SessionClosed, SessionOpened
from mysmtp.metrics import BASE, SPANS, WAITS, Meter, Slot, Span, quantile

MINUTES, HOUR, DAY = SPANS


class Watch:
    """A clock that goes on when it is told to; it begins at 1,000,000 s, which no span is a divisor of but the base."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def meter(bus: Bus, watch: Watch) -> Meter:
    return Meter(bus, watch)


def stored(size: int = 100, seconds: float = 0.001) -> MessageStored:
    return MessageStored(1, "bob@example.com", 1, size, 1, seconds)


def known(meter: Meter, span: Span) -> list[tuple[int, Slot]]:
    """The slots of a span that are not from before the start."""
    return [(began, slot) for began, slot in meter.look_back(span) if slot is not None]


def test_totals_count_everything_since_the_start(meter: Meter, bus: Bus, watch: Watch) -> None:
    for step in range(3):
        bus.publish(SessionOpened(step, "smtp" if step else "my_smtp", "peer"))
        bus.publish(stored(size=1000 * (step + 1), seconds=0.002))
        bus.publish(Refused(step, 403, failed=False))
        watch.now += 1000
    bus.publish(Refused(1, 500, failed=True))
    bus.publish(SessionClosed(0, "by the client"))
    total = meter.totals()
    assert (total.stored, total.octets, total.refused, total.failed) == (3, 6000, 3, 1)
    assert (total.opened, total.open, total.peak) == (3, 2, 3)
    assert total.waited == pytest.approx(0.006)
    assert sum(total.waits) == 3
    assert total.waits[WAITS.index(0.002)] == 3
    assert meter.sessions == {"my_smtp": 1, "smtp": 2}


def test_a_slot_is_seen_once_it_is_over(meter: Meter, bus: Bus, watch: Watch) -> None:
    bus.publish(stored())
    assert known(meter, MINUTES) == []
    watch.now += BASE
    assert [slot.stored for _, slot in known(meter, MINUTES)] == [1]
    watch.now += BASE
    slots = known(meter, MINUTES)
    assert [slot.stored for _, slot in slots] == [1, 0]
    assert [began for began, _ in slots] == [1_000_000, 1_000_000 + BASE]


@pytest.mark.parametrize("span", SPANS)
def test_nothing_is_known_of_the_time_before_the_start(bus: Bus, watch: Watch, span: Span) -> None:
    watch.now = 10 * span.width + span.width // 2
    meter = Meter(bus, watch)
    watch.now += span.width
    looked = meter.look_back(span)
    assert [began for began, slot in looked if slot is None] == [began for began, _ in looked[:-1]]
    assert looked[-1][0] == 10 * span.width, "the slot of the start is known, as far as it can be"
    watch.now += span.width * span.number
    assert len(known(meter, span)) == len(meter.look_back(span)) == span.number


@pytest.mark.parametrize("span", SPANS)
def test_each_span_has_all_that_happened_in_it(meter: Meter, bus: Bus, watch: Watch, span: Span) -> None:
    for _ in range(100):
        bus.publish(stored())
        watch.now += span.width / 10
    watch.now += 2 * span.width
    slots = known(meter, span)
    assert sum(slot.stored for _, slot in slots) == 100
    assert max(slot.stored for _, slot in slots) == 10
    began = [second for second, _ in meter.look_back(span)]
    assert began == list(range(began[0], began[0] + span.width * span.number, span.width))
    assert began[-1] + span.width <= watch.now


def test_what_is_too_old_is_forgotten(meter: Meter, bus: Bus, watch: Watch) -> None:
    bus.publish(stored())
    watch.now += MINUTES.width * (MINUTES.number + 1)
    bus.publish(stored())
    watch.now += BASE
    assert sum(slot.stored for _, slot in known(meter, MINUTES)) == 1
    assert meter.totals().stored == 2
    for _ in range(1000):
        watch.now += BASE
        bus.publish(stored())
    assert len(meter._series[MINUTES.key]) <= MINUTES.number + 2


def test_sessions_stay_open_while_nothing_happens(meter: Meter, bus: Bus, watch: Watch) -> None:
    bus.publish(SessionOpened(1, "smtp", "peer"))
    bus.publish(SessionOpened(2, "smtp", "peer"))
    watch.now += BASE
    bus.publish(SessionClosed(1, "left"))
    watch.now += 3 * BASE
    assert [slot.peak for _, slot in known(meter, MINUTES)] == [2, 2, 1, 1]
    watch.now += 1000 * BASE
    assert [slot.peak for _, slot in known(meter, MINUTES)] == [1] * MINUTES.number


def test_a_clock_that_is_set_back_harms_nothing(meter: Meter, bus: Bus, watch: Watch) -> None:
    bus.publish(stored())
    watch.now -= 10_000
    bus.publish(stored())
    assert meter.totals().stored == 2
    assert len(meter.look_back(HOUR)) == HOUR.number
    watch.now += HOUR.width
    assert sum(slot.stored for _, slot in known(meter, HOUR)) == 1, "what has happened is known"


@pytest.mark.parametrize(
    ("seconds", "share", "low", "high"),
    [
        ([0.001] * 10, 0.5, 0.0007, 0.001),
        ([0.001] * 99 + [3.0], 0.5, 0.0007, 0.001),
        ([0.001] * 98 + [3.0, 3.0], 0.99, 2, 3),
        ([1000.0], 0.5, WAITS[-1], WAITS[-1]),
        ([0.0], 0.99, 0, 0.0001),
    ],
)
def test_quantiles_lie_between_the_bounds_of_their_counter(
    meter: Meter, bus: Bus, seconds: list[float], share: float, low: float, high: float
) -> None:
    for each in seconds:
        bus.publish(stored(seconds=each))
    found = quantile(meter.totals().waits, share)
    assert found is not None
    assert low <= found <= high


def test_nothing_has_no_quantile() -> None:
    assert quantile(Slot().waits, 0.5) is None


def test_bounds_rise_and_are_round() -> None:
    assert list(WAITS) == sorted(set(WAITS))
    assert (WAITS[0], WAITS[1], WAITS[6]) == (0.0001, 0.00015, 0.001)
