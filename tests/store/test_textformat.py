import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.message import Envelope, Trace
from mysmtp.store.frame import read_frame, read_trace
from mysmtp.store.scan import Status
from mysmtp.store.textformat import draft
from tests.store.mails import SPEC_BODY, SPEC_RECORD, mail, scan

PIECES = [
    b"===START_EMAIL===",
    b"===END_EMAIL===",
    b"===GONE__EMAIL===",
    b">",
    b"\r",
    b"\n",
    b"\r\n",
    b".",
    b"\0",
    b"=",
    b"x",
]
bodies = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_the_record_of_the_specification_is_written_to_the_byte() -> None:
    assert draft(mail(SPEC_BODY)).record(1) == SPEC_RECORD


@pytest.mark.parametrize(
    ("body", "head", "lines"),
    [
        (b"", b"size=0 eol=lf\n", b""),
        (b"\n", b"size=1 eol=lf\n", b"\n"),
        (b"a", b"size=1 eol=lf open=1\n", b"a\n"),
        (b"a\r\nb\r\n", b"size=6 eol=crlf\n", b"a\nb\n"),
        (b"a\r\nb", b"size=4 eol=crlf open=1\n", b"a\nb\n"),
        (b"a\r\nb\n", b"size=5 eol=lf\n", b"a\r\nb\n"),
        (b"a\r", b"size=2 eol=lf open=1\n", b"a\r\n"),
        (b"===END_EMAIL===\n", b"size=16 eol=lf\n", b">===END_EMAIL===\n"),
        (b">>===START_EMAIL=== id=9", b"size=24 eol=lf open=1\n", b">>>===START_EMAIL=== id=9\n"),
        (b"===GONE__EMAIL===", b"size=17 eol=lf open=1\n", b">===GONE__EMAIL===\n"),
        (b" ===END_EMAIL===\n", b"size=17 eol=lf\n", b" ===END_EMAIL===\n"),
        (b"x===END_EMAIL===\n", b"size=17 eol=lf\n", b"x===END_EMAIL===\n"),
    ],
)
def test_how_a_body_stands_in_the_file(body: bytes, head: bytes, lines: bytes) -> None:
    record = draft(mail(body)).record(1)
    first, rest = record.split(b"\n", 1)
    assert (first + b"\n").endswith(head)
    assert rest.startswith(b"From: alice@example.com\nDate: 12-03-2025\n" + lines + b"===END_EMAIL=== crc32=")


def test_what_is_known_of_a_mail_stands_on_its_end_line() -> None:
    message = mail(b"", paths=("Bob@x.org", "a=b %c@x.org"))
    message = message._replace(trace=Trace("my_smtp", 7, "127.0.0.1:4711", "x.org", "1230"))
    record = draft(message).record(4, full_name="é@x")
    assert record.splitlines()[-2].decode() == (
        "===END_EMAIL=== crc32=00000000 via=my_smtp peer=127.0.0.1:4711 session=7 helo=x.org shape=1230"
        " rcpt=Bob@x.org rcpt=a%3Db%20%25c@x.org to=é@x"
    )
    assert read_trace(read_frame(record.rstrip(b"\n"))) == (message.envelope, message.trace)


def test_moments_are_utc_and_dates_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XXX-3")  # three hours ahead of UTC
    time.tzset()
    late = datetime(2025, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=1)))
    record = draft(mail()._replace(arrived=late)).record(1)
    assert b" at=2025-12-31T22:30:00.000000Z " in record
    assert b"\nDate: 01-01-2026\n" in record


def test_the_null_sender_is_a_pair_of_brackets() -> None:
    record = draft(mail(sender="")).record(1)
    assert b"\nFrom: <>\n" in record
    envelope, _ = read_trace(read_frame(record.rstrip(b"\n"))) or (None, None)
    assert envelope is not None
    assert envelope.reverse_path == ""


@pytest.mark.parametrize("sender", ["a\nDate: x@x", "a\r\n===END_EMAIL===\n@x", "\ud800@x", "\0@x"])
def test_no_sender_breaks_the_frame(sender: str) -> None:
    settled, rest = scan(draft(mail(sender=sender)).record(1))
    assert [record.status for record in settled] == [Status.MAIL]
    assert not rest


def test_the_first_line_stays_short_whatever_is_in_the_mail() -> None:
    message = mail(b"x" * 5000, sender="s" * 2000 + "@x", paths=["r" * 2000 + "@x"] * 100)
    record = draft(message._replace(trace=Trace("v", 10**18, "p" * 999, "h" * 9999, "1" * 999))).record(
        10**17, "t" * 999
    )
    assert len(record.split(b"\n", 1)[0]) < 1000


@settings(max_examples=300)
@given(st.lists(bodies, min_size=1, max_size=4), st.data())
def test_any_bodies_come_back_to_the_byte_and_forge_nothing(some: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(draft(mail(body)).record(number) for number, body in enumerate(some, 1))
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=5))
    settled, rest = scan(octets, cuts)
    assert not rest
    assert [(record.id, record.status) for record in settled] == [(n, Status.MAIL) for n in range(1, len(some) + 1)]
    assert [read_frame(octets[record.start : record.end]).body for record in settled] == some


def test_the_day_does_not_depend_on_the_length_of_the_year() -> None:
    assert b" at=0099-01-02T00:00:00.000000Z " in draft(mail()._replace(arrived=datetime(99, 1, 2, tzinfo=UTC))).record(
        1
    )


ODD_TEXT = st.text(
    alphabet=st.sampled_from("ab@.%= \x00\t\n\r\x1f\x7f\x80\u00a0\u3000é\udcff\ud800'+") | st.characters()
)


def by_the_rule(value: str) -> bytes:
    """docs/protocol.md: `%`, `=`, space and control octets in a value are percent-encoded; octet by octet."""
    return b"".join(b"%%%02X" % o if o <= 0x20 or o in b"\x7f%=" else bytes((o,)) for o in _octets_of(value))


@given(ODD_TEXT)
def test_any_value_of_an_attribute_is_escaped_octet_by_octet(value: str) -> None:
    message = mail(b"")._replace(trace=Trace(helo=value))
    expected = b" helo=" + by_the_rule(value) if value else b""
    assert draft(message).record(1) == draft(message._replace(trace=Trace())).record(1)[:-2] + expected + b"\n\n"


@given(ODD_TEXT)
def test_any_sender_stands_on_one_line_as_it_is_but_for_its_controls(sender: str) -> None:
    line = draft(mail(b"", sender=sender)).record(1).split(b"\n")[1]
    octets = b"".join(b"%%%02X" % o if o < 0x20 or o == 0x7F else bytes((o,)) for o in _octets_of(sender))
    assert line == b"From: " + (octets or b"<>")


def _octets_of(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
@given(
    moment=st.datetimes(
        min_value=datetime(1971, 1, 1), max_value=datetime(2037, 12, 31), timezones=st.just(UTC) | st.timezones()
    )
)
def test_dates_follow_the_zone_of_this_machine_through_every_change_of_its_clock(zone: str, moment: datetime) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        record = draft(mail(b"")._replace(arrived=moment)).record(1)
        local = time.localtime(int(moment.timestamp() // 1))
        utc = time.gmtime(int(moment.timestamp() // 1))
    time.tzset()
    assert record.split(b"\n")[2].decode() == time.strftime("Date: %d-%m-%Y", local)
    assert record.split(b" ")[2].decode() == time.strftime(f"at=%Y-%m-%dT%H:%M:%S.{moment.microsecond:06}Z", utc)


def test_what_is_known_beside_a_mail_of_smtp_is_read_back_each_parameter_behind_its_recipient() -> None:
    envelope = Envelope("", ("Bob@y", '"a b"@z', "carol@y"))
    notify = ("notify", "SUCCESS,DELAY")
    trace = Trace(
        "smtp", 7, "[::1]:4711", "x.org", "1230", "TLSv1.3 TLS_AES_256_GCM_SHA384", "al=ice %",
        (("body", "8BITMIME"), ("smtputf8", "1"), ("ret", "HDRS"), ("envid", "QQ+2B1"), ("auth", "<>")),
        ((notify, ("orcpt", "rfc822;Bob@y")), (), (notify,)),
    )  # fmt: skip
    message = mail(b"hi\r\n")._replace(envelope=envelope, trace=trace)
    record = draft(message).record(1, "bob@y")
    last = record.rstrip(b"\n").rpartition(b"\n")[2]
    assert b" tls=TLSv1.3%20TLS_AES_256_GCM_SHA384 user=al%3Dice%20%25 body=8BITMIME smtputf8=1 ret=HDRS" in last
    assert b' rcpt=Bob@y notify=SUCCESS,DELAY orcpt=rfc822;Bob@y rcpt="a%20b"@z rcpt=carol@y notify=' in last
    assert read_trace(read_frame(record.rstrip(b"\n"))) == (envelope, trace)


@given(st.integers(0, 60), st.integers(1, 2000), st.booleans())
def test_a_copy_of_a_mail_to_very_many_names_the_first_of_them(count: int, length: int, asked: bool) -> None:
    paths = tuple(f"{'a' * length}{number}@x" for number in range(count))
    of_paths = ((("notify", "NEVER"),),) * count if asked else ()
    message = mail(b"hi\n")._replace(envelope=Envelope("a@x", paths), trace=Trace("smtp", rcpt_parameters=of_paths))
    record = draft(message).record(1, "b@x")
    found = read_trace(read_frame(record.rstrip(b"\n")))
    assert found is not None
    (_, named), trace = found
    assert named == paths[: len(named)]
    assert trace.unnamed == count - len(named)
    assert trace.rcpt_parameters == of_paths[: len(named)]
    assert len(record) < 17_000 or count < 8
    assert not trace.unnamed or len(record) + length + 40 > 16 * 1024
