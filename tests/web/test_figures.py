import re

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from mysmtp.events import Bus, MessageStored, Refused, SessionClosed, SessionOpened
from mysmtp.metrics import SPANS, Meter, Span
from mysmtp.store import open_store
from mysmtp.web import Setup, create_app
from tests.process import ROOT
from tests.web.conftest import ENDPOINTS, ZONE, client_of
from tests.web.posts import NOON, OddStore, message


class Watch:
    now = NOON.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def counted(bus: Bus, watch: Watch) -> FlaskClient:
    """A client of pages over 10 mails in 5 s, two sessions of which one is open, and a refusal."""
    store = open_store("memory:")
    store.append(["bob@example.com"], message("Hello\n"))
    meter = Meter(bus, watch)
    client = client_of(create_app(Setup(store, bus, endpoints=ENDPOINTS, now=lambda: NOON, zone=ZONE, meter=meter)))
    bus.publish(SessionOpened(1, "smtp", "peer"))
    bus.publish(SessionOpened(2, "my_smtp", "peer"))
    for _ in range(10):
        bus.publish(MessageStored(1, "bob@example.com", 1, 500, 1, 0.0008))
    bus.publish(Refused(1, 550, failed=False))
    bus.publish(SessionClosed(1, "left"))
    watch.now += 5
    return client


def test_the_page_shows_each_quantity_as_a_plot_and_as_numbers(counted: FlaskClient) -> None:
    page = counted.get("/figures").text
    headings = re.findall(r"<h2>([^<]*)</h2> ?<b>([^<]*)</b>", page)
    assert headings == [
        ("Mails a second", "2"), ("Open sessions", "2"), ("End of data to reply", "0.85"), ("Refusals a minute", "12"),
    ]  # fmt: skip
    numbers = re.findall(
        r'<table class="numbers" aria-label="([^"]*)">.*?<td>([^<]*)</td></tr>\s*</tbody>', page, re.DOTALL
    )
    assert [title for title, _ in numbers] == [title for title, _ in headings]
    assert page.count("<summary>As numbers") == 4
    assert "10 mails, 5.0 kB, 2 sessions" in page
    assert page.count('<path class="before" d="M0 0H600.0V100H0Z"/>') == 4
    assert "Before it, nothing is known." in page
    assert re.findall(r"<h2>([^<]*)</h2></figcaption>", page) == [
        "Sizes of mails, the 5 minutes until 14:00:05", "Mails by mailbox, all there are now",
    ]  # fmt: skip
    bob = '<a href="/mailbox/bob@example.com" title="bob@example.com"><bdi>bob@example.com</bdi></a>'
    assert f'<tr><th scope="row">{bob}</th>' in page
    assert '<th scope="row">up to 1.0 kB</th><td><span>10</span>' in page
    assert "style=" not in page


def test_a_span_since_the_start_is_not_marked(counted: FlaskClient, watch: Watch) -> None:
    watch.now += 300
    page = counted.get("/figures").text
    assert 'class="before"' not in page
    assert "nothing is known" not in page
    assert 'class="before"' in counted.get("/figures?span=hour").text


@pytest.mark.parametrize("span", SPANS)
def test_each_span_has_a_page(counted: FlaskClient, span: Span) -> None:
    assert f'aria-current="page">{span.label}</a>' in counted.get(f"/figures?span={span.key}").text


def test_no_other_span_has(counted: FlaskClient) -> None:
    assert counted.get("/figures?span=<b>").status_code == 400


def test_before_any_mail_the_page_is_there(client: FlaskClient) -> None:
    page = client.get("/figures").text
    assert "No mail in this time." in page
    assert "No mail yet." in page


def samples(text: str) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_tell_every_count(counted: FlaskClient) -> None:
    response = counted.get("/metrics")
    assert response.content_type.startswith("text/plain; version=")
    found = samples(response.text)
    assert found["mysmtp_mails_stored_total[]"] == 10
    assert found["mysmtp_mail_size_bytes_sum[]"] == 5000
    assert found["mysmtp_mail_size_bytes_bucket[('le', '300.0')]"] == 0
    assert found["mysmtp_mail_size_bytes_bucket[('le', '1000.0')]"] == 10
    assert found["mysmtp_mail_store_seconds_count[]"] == 10
    assert found["mysmtp_mail_store_seconds_sum[]"] == pytest.approx(0.008)
    assert found["mysmtp_mail_store_seconds_bucket[('le', '+Inf')]"] == 10
    assert found["mysmtp_replies_refused_total[('why', 'refused')]"] == 1
    assert found["mysmtp_replies_refused_total[('why', 'failed')]"] == 0
    assert found["mysmtp_sessions_total[('protocol', 'smtp')]"] == 1
    assert found["mysmtp_sessions_open[]"] == 1
    assert found["mysmtp_troubles[]"] == 0


def test_whoever_asks_for_openmetrics_gets_it(counted: FlaskClient) -> None:
    response = counted.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.content_type.startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_metrics_are_told_to_the_hosts_that_pages_are(counted: FlaskClient) -> None:
    assert counted.get("/metrics", headers={"Host": "evil.example"}).status_code == 421


def test_metrics_count_troubles(odd_client: FlaskClient, odd_store: OddStore) -> None:
    odd_store.wrong = ["the disk is full"]
    assert samples(odd_client.get("/metrics").text)["mysmtp_troubles[]"] == 1


def test_every_metric_is_documented(counted: FlaskClient) -> None:
    named = set(re.findall(r"# TYPE (mysmtp_\w+)", counted.get("/metrics").text))
    assert named == set(re.findall(r"`(mysmtp_\w+)", (ROOT / "docs" / "metrics.md").read_text()))
