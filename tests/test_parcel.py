"""Mails between a command and the server: what is packed comes out the same, and what nobody packed is refused."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.parcel import LARGEST, MOST, ROOM, Parcel, full, largest_bundle, pack, unpack

WORDS = st.text(st.characters(blacklist_categories=()), max_size=20)  # lone surrogates too
MOMENTS = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
PARCELS = st.builds(Parcel, WORDS, st.lists(WORDS, max_size=3).map(tuple), st.binary(max_size=50), MOMENTS)


@given(st.lists(PARCELS, max_size=5))
def test_what_is_packed_comes_out_the_same(parcels: list[Parcel]) -> None:
    assert list(unpack(pack(parcels))) == parcels


def test_a_mail_on_its_way_out_has_an_id_and_a_day() -> None:
    there = Parcel("a@x", (), b"\n", datetime(2025, 3, 12, tzinfo=timezone(timedelta(hours=2))), 7, "12-03-2025")
    assert list(unpack(pack([there]))) == [there]


@pytest.mark.parametrize(
    "octets",
    [
        b"x", b"\n", b"[]\n", b"7\n", b"{}\n", b'{"from":"a","to":["b"],"size":2}\nx',
        b'{"from":"a","to":[],"size":-1}\nx',
        b'{"from":"a","to":[],"size":"1"}\nx', b'{"from":1,"to":[],"size":1}\nx', b'{"from":"a","to":[1],"size":1}\nx',
        b'{"from":"a","to":null,"size":1}\nx', b'{"from":"a","to":[],"size":1,"at":"noon"}\nx',
        b'{"from":"a","to":[],"size":1,"at":"2025-03-12T00:00:00"}\nx', b'{"from":"a","to":[],"size":1,"at":7}\nx',
        b'{"from":"a","to":[],"size":1,"id":null}\nx', b"\xff\n", b"{" * 2000 + b"\n",
        b"[" * 200_000 + b"\n", b'{"from":"a","to":[],"size":1,"id":Infinity}\nx',
        b'{"from":"a","to":[],"size":1,"at":"0001-01-01T00:00:00+23:59"}\nx',
        b'{"from":"a","to":[],"size":1,"at":"9999-12-31T23:59:59-23:59"}\nx',
    ],
)  # fmt: skip
def test_what_nobody_packed_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unpack(octets)


@given(st.binary(max_size=60))
def test_any_octets_are_mails_or_refused(octets: bytes) -> None:
    with suppress(ValueError):
        unpack(octets)


def test_a_bundle_is_closed_in_time() -> None:
    small, large = Parcel("a@x", ("b@x",), b"x"), Parcel("", ("b@x",), b"x" * ROOM)
    many = Parcel("", tuple(f"\U0001f4ec{number}@example.com" for number in range(6000)), b"")
    assert not full([small] * (MOST - 1))
    assert full([small] * MOST)
    assert full([large])
    assert full([many])
    assert len(pack([many])) < ROOM < LARGEST < largest_bundle()
    assert json.loads(pack([many]).splitlines()[0])["to"] == list(many.recipients)
