"""/metrics: the counts of the meter in the text format of Prometheus. Made when it is asked for, from what is counted.

A registry of its own, so that nothing else in the process adds to it. Names: docs/metrics.md.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from mysmtp.metrics import SIZES, WAITS, Meter
from mysmtp.web.site import site

routes = Blueprint("metrics", __name__)


@routes.get("/metrics")
def metrics() -> Response:
    """Give every count."""
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(site().registry), content_type=kind)


def registry_of(meter: Meter, troubles: Callable[[], Sequence[str]]) -> CollectorRegistry:
    """Return a registry that tells of a meter, of this process, and how many troubles there are."""
    registry = CollectorRegistry()
    registry.register(Counts(meter, troubles))
    ProcessCollector(registry=registry)
    return registry


class Counts(Collector):
    """Turns counts into families of metrics."""

    def __init__(self, meter: Meter, troubles: Callable[[], Sequence[str]]) -> None:
        self._meter = meter
        self._troubles = troubles

    def collect(self) -> Iterator[Metric]:
        total = self._meter.totals()
        yield CounterMetricFamily("mysmtp_mails_stored", "Mails stored durably, each copy counted.", value=total.stored)
        waits = HistogramMetricFamily("mysmtp_mail_store_seconds", "From the end of a mail's data until it is durable.")
        waits.add_metric([], _buckets(WAITS, total.waits), sum_value=total.waited)
        yield waits
        sizes = HistogramMetricFamily("mysmtp_mail_size_bytes", "Sizes of the mails stored, in octets.")
        sizes.add_metric([], _buckets(SIZES, total.sizes), sum_value=total.octets)
        yield sizes
        replies = CounterMetricFamily(
            "mysmtp_replies_refused", "Replies that said no: refused, or failed on the server's side.", labels=["why"]
        )
        replies.add_metric(["refused"], total.refused)
        replies.add_metric(["failed"], total.failed)
        yield replies
        sessions = CounterMetricFamily("mysmtp_sessions", "Sessions opened, by protocol.", labels=["protocol"])
        for protocol, number in sorted(self._meter.sessions.items()):
            sessions.add_metric([protocol], number)
        yield sessions
        yield GaugeMetricFamily("mysmtp_sessions_open", "Sessions open now.", value=total.open)
        yield GaugeMetricFamily(
            "mysmtp_troubles", "Things that are wrong now; /readyz says what.", value=len(self._troubles())
        )


def _buckets(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return counters as Prometheus wants them: each with all that are below it."""
    names = [*(f"{bound:g}" if bound < 1 else f"{bound:.1f}" for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))
