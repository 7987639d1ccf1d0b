import json
import re
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import ServiceUnavailable

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus, LineReceived, MailboxChanged, MailsMarked, MessageStored, SessionOpened
from mysmtp.recorder import Recorder
from mysmtp.web.listening import GAP, OF_SESSIONS
from mysmtp.web.live import KEPT, Live
from mysmtp.web.site import EXTENSION, Site


def fields(frame: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))


def opened(live: Live) -> Iterator[bytes]:
    stream = live.listen()
    assert next(stream).startswith(b"retry: ")
    return stream


def test_news_is_told_and_the_rest_is_not(bus: Bus) -> None:
    live = Live(bus, gap=0)
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


def test_who_is_too_slow_is_told_how_many_were_missed_and_goes_on_after_them(bus: Bus) -> None:
    live = Live(bus, kept=3, gap=0)
    stream = opened(live)
    for mail_id in range(10):
        bus.publish(MessageStored(1, "x", mail_id, 1))
    piece = fields(next(stream))
    assert (piece["event"], piece["data"], piece["id"]) == ("skipped", '{"count": 10}', live.last_id)
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
    stream.close()
    assert live.listening == 0


def test_only_so_many_may_listen(bus: Bus) -> None:
    live = Live(bus, listeners=2)
    streams = [live.listen(), live.listen()]
    with pytest.raises(ServiceUnavailable):
        live.listen()
    streams[0].close()
    assert live.listen()


def test_close_ends_every_stream(bus: Bus) -> None:
    live = Live(bus)
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


def told(stream: Iterator[bytes]) -> list[dict[str, str]]:
    """Return the news that wait for a listener."""
    return [fields(frame) for frame in next(stream).split(b"\n\n") if frame]


def test_who_comes_back_hears_what_was_missed_and_no_more(bus: Bus) -> None:
    live = Live(bus)
    bus.publish(MailboxChanged(0, "before"))
    known = live.last_id
    stream = live.listen(known)
    stream.close()
    for mail_id in (7, 8):
        bus.publish(MessageStored(1, "bob", mail_id, 1))
    bus.publish(MailsMarked(0, "bob"))
    again = live.listen(known)
    assert next(again).startswith(b"retry")
    missed = told(again)
    assert [json.loads(each["data"]).get("id") for each in missed] == [7, 8, None]
    bus.publish(MailboxChanged(0, "later"))
    (later,) = told(again)
    ids = [each["id"] for each in (*missed, later)]
    assert ids == sorted(set(ids))
    assert later["id"] == live.last_id
    assert "later" in later["data"]


@pytest.mark.parametrize("last", ["x", "x-1", "{0}-x", "{0}-99", "{0}--1", "{0}-１", "{0}-" + "9" * 30])
def test_who_missed_what_is_not_known_any_more_is_told_so(bus: Bus, last: str) -> None:
    live = Live(bus)
    bus.publish(MailboxChanged(0, "x"))
    stream = opened_after(live, last.format(live.last_id.partition("-")[0]))
    (skipped,) = told(stream)
    assert skipped["event"] == "skipped"


def opened_after(live: Live, last: str) -> Iterator[bytes]:
    stream = live.listen(last)
    assert next(stream).startswith(b"retry")
    return stream


def test_who_missed_too_much_is_told_so(bus: Bus) -> None:
    live = Live(bus)
    known = live.last_id
    for mail_id in range(KEPT):
        bus.publish(MessageStored(1, "bob", mail_id, 1))
    assert len(told(opened_after(live, known))) == KEPT
    bus.publish(MessageStored(1, "bob", KEPT, 1))
    (skipped,) = told(opened_after(live, known))
    assert (skipped["event"], skipped["data"]) == ("skipped", f'{{"count": {KEPT + 1}}}')


def test_what_others_do_is_told_while_somebody_listens(bus: Bus) -> None:
    answers = iter([["a@x"], None, ["b@x", "c@x"]])

    def outside() -> list[str]:
        answer = next(answers, [])
        if answer is None:
            raise OSError("gone")
        return answer

    stream = opened(Live(bus, outside=outside, look_every=0.01))
    heard: list[str] = []
    while len(heard) < 3:
        heard += [json.loads(each["data"])["mailbox"] for each in told(stream)]
    assert heard == ["a@x", "b@x", "c@x"]


def test_the_route_goes_on_after_the_last_news(client: FlaskClient, bus: Bus, store: MessageStore) -> None:
    page = client.get("/").text
    known = re.search(r'data-last="([^"]+)"', page)
    assert known
    bus.publish(MessageStored(1, "bob", 4, 1))
    for asked in ({"query_string": {"last": known[1]}}, {"headers": {"Last-Event-ID": known[1]}}):
        response = client.get("/live", buffered=False, **asked)
        pieces = response.iter_encoded()
        assert next(pieces).startswith(b"retry")
        assert b'"id": 4' in next(pieces)
        response.close()


def watching(live: Live, session: int, *, mails: bool = False) -> Iterator[bytes]:
    stream = live.listen(session=session, mails=mails)
    assert next(stream).startswith(b"retry")
    return stream


def test_who_shows_sessions_is_told_of_them_and_of_mails_only_if_that_is_wanted(bus: Bus) -> None:
    recorder = Recorder(bus)
    bus.publish(SessionOpened(1, "my_smtp", "127.0.0.1:4"))
    tape = recorder.find(1)
    assert tape is not None
    live = Live(bus, recorder, gap=0, heartbeat=20)
    one, every, both = watching(live, 1), watching(live, 0), watching(live, 1, mails=True)
    assert [next(each) for each in (one, every, both)] == [OF_SESSIONS] * 3  # of what was before they listened
    bus.publish(MessageStored(1, "x", 1, 1))
    assert b"event: stored" in next(both)
    tape.heard(1.0, b"HELO x\n")
    assert [next(each) for each in (one, every, both)] == [OF_SESSIONS] * 3


def test_a_page_is_told_at_most_four_times_a_second(bus: Bus) -> None:
    stream = opened(Live(bus))
    bus.publish(MailboxChanged(0, "x"))
    began = time.monotonic()  # not after what is told, from which the gap is counted
    next(stream)
    for mail_id in (1, 2):
        bus.publish(MessageStored(1, "x", mail_id, 1))
    assert next(stream).count(b"event: stored") == 2
    assert time.monotonic() - began >= GAP * 0.9


def test_who_comes_from_an_earlier_process_is_told_so_at_once(bus: Bus) -> None:
    earlier, live = Live(bus, Recorder(bus)), Live(bus, Recorder(bus))
    first = {last: next(live.listen(last, 1, mails=False)) for last in ("", live.last_id, earlier.last_id)}
    assert [b"event: restarted\n" in frames for frames in first.values()] == [False, False, True]
