import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import ServiceUnavailable

from mysmtp.events import Bus, LineReceived, MailboxChanged, MessageStored
from mysmtp.web.live import Live
from mysmtp.web.site import EXTENSION, Site


def fields(frame: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))


def opened(live: Live) -> Iterator[bytes]:
    stream = live.listen()
    assert next(stream).startswith(b"retry: ")
    return stream


def test_news_is_told_and_the_rest_is_not(bus: Bus) -> None:
    live = Live(bus)
    stream = opened(live)
    bus.publish(LineReceived(1, b"secret\n"))
    bus.publish(MessageStored(1, "bob@example.com", 14, 99))
    frame = fields(next(stream))
    assert frame["event"] == "stored"
    assert json.loads(frame["data"]) == {"mailbox": "bob@example.com", "id": 14}
    bus.publish(MailboxChanged(0, "bob@example.com"))
    later = fields(next(stream))
    assert later["event"] == "changed"
    assert later["id"].partition("-")[0] == frame["id"].partition("-")[0]
    assert later["id"] != frame["id"]


def test_ids_of_another_process_look_different(bus: Bus) -> None:
    lives = [Live(bus), Live(bus)]
    streams = [opened(live) for live in lives]
    bus.publish(MailboxChanged(0, "x"))
    assert fields(next(streams[0]))["id"] != fields(next(streams[1]))["id"]


def test_what_waits_goes_out_in_one_piece(bus: Bus) -> None:
    stream = opened(Live(bus))
    for mail_id in range(5):
        bus.publish(MessageStored(1, "x", mail_id, 1))
    assert next(stream).count(b"event: stored") == 5


def test_a_full_queue_drops_and_says_how_many(bus: Bus) -> None:
    stream = opened(Live(bus, waiting=3))
    for mail_id in range(10):
        bus.publish(MessageStored(1, "x", mail_id, 1))
    piece = next(stream)
    assert piece.count(b"event: stored") == 3
    assert piece.endswith(b'event: skipped\ndata: {"count": 7}\n\n')
    bus.publish(MailboxChanged(0, "x"))
    assert b"skipped" not in next(stream)


def test_a_quiet_stream_beats(bus: Bus) -> None:
    stream = opened(Live(bus, heartbeat=0.01))
    assert next(stream).startswith(b":")


def test_a_quiet_stream_tells_when_the_troubles_are_others(bus: Bus) -> None:
    wrong: list[str] = []
    stream = opened(Live(bus, heartbeat=0.01, watched=lambda: tuple(wrong)))
    assert next(stream).startswith(b":")
    wrong.append("the disk is full")
    assert fields(next(stream))["event"] == "troubles"
    assert next(stream).startswith(b":")


def test_a_mailbox_s_name_cannot_break_the_frame(bus: Bus) -> None:
    stream = opened(Live(bus))
    bus.publish(MailboxChanged(0, "a\n\nevent: x\ndata: 1\u2028\udcff@x"))
    frame = next(stream)
    assert frame.count(b"\n") == 4
    assert json.loads(fields(frame)["data"])["mailbox"].startswith("a\n\nevent")


def test_a_closed_stream_listens_no_more(bus: Bus) -> None:
    live = Live(bus)
    stream = live.listen()
    assert live.listening == 1
    stream.close()  # type: ignore[attr-defined]
    assert live.listening == 0


def test_only_so_many_may_listen(bus: Bus) -> None:
    live = Live(bus, listeners=2)
    streams = [live.listen(), live.listen()]
    with pytest.raises(ServiceUnavailable):
        live.listen()
    streams[0].close()  # type: ignore[attr-defined]
    assert live.listen()


def test_close_ends_every_stream(bus: Bus) -> None:
    live = Live(bus, waiting=1)
    stream = opened(live)
    bus.publish(MailboxChanged(0, "x"))
    live.close()
    bus.publish(MailboxChanged(0, "x"))
    assert list(stream) == []


def test_the_route(app: Flask, client: FlaskClient, bus: Bus) -> None:
    site: Site = app.extensions[EXTENSION]
    response = client.get("/live", buffered=False)
    assert response.status_code == 200
    assert response.mimetype == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    pieces = response.iter_encoded()
    assert next(pieces).startswith(b"retry")
    bus.publish(MessageStored(1, "bob", 1, 1))
    assert b'"bob"' in next(pieces)
    response.close()
    assert site.live.listening == 0


@pytest.mark.parametrize("headers", [{"Origin": "http://evil"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_other_sites_may_not_listen(client: FlaskClient, headers: dict[str, str]) -> None:
    client.environ_base.pop("HTTP_SEC_FETCH_SITE")
    assert client.get("/live", headers=headers).status_code == 403


def test_too_many_pages_get_503(app: Flask, client: FlaskClient) -> None:
    site: Site = app.extensions[EXTENSION]
    streams = [site.live.listen() for _ in range(100)]
    response = client.get("/live")
    assert response.status_code == 503
    assert "does not update by itself" in response.text
    assert streams
