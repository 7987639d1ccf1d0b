"""The octets of a journal: what was packed comes back, and nothing else ever does."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.store.segment import HEAD_SIZE, Batch, Entry, current, pack, payload_of, unpack

NAMES = st.text(min_size=1, max_size=20) | st.just("bad\udcff@x")
ENTRIES = st.builds(
    Entry,
    st.lists(st.tuples(NAMES, st.integers(1, 2**63)), min_size=1, max_size=3).map(tuple),
    st.binary(max_size=300),
)
BATCHES = st.lists(st.lists(ENTRIES, max_size=3).map(tuple), max_size=5)


def packed(batches: list[tuple[Entry, ...]], serial: int = 1, first: int = 1) -> bytes:
    return b"".join(
        pack(serial, number, [bytes(piece) for piece in payload_of(entries)])
        for number, entries in enumerate(batches, first)
    )


@given(BATCHES, st.binary(max_size=50))
def test_what_was_packed_comes_back_whatever_follows(batches: list[tuple[Entry, ...]], rest: bytes) -> None:
    expected = [Batch(7, number, entries) for number, entries in enumerate(batches, 3)]
    assert list(unpack(packed(batches, 7, 3) + bytes(64))) == expected
    assert list(unpack(packed(batches, 7, 3) + rest)) == expected


@given(BATCHES, st.data())
def test_cut_anywhere_the_whole_batches_come_back(batches: list[tuple[Entry, ...]], data: st.DataObject) -> None:
    octets = packed(batches)
    cut = data.draw(st.integers(0, len(octets)))
    ends = [len(packed(batches[:count])) for count in range(1, len(batches) + 1)]
    for tail in (b"", bytes(4096)):
        left = octets[:cut] + tail  # zeros may be just what was cut off
        whole = [number for number, end in enumerate(ends, 1) if left.startswith(octets[:end])]
        assert [batch.number for batch in unpack(left)] == whole


@given(BATCHES.filter(len), st.data())
def test_a_changed_octet_ends_the_reading_there(batches: list[tuple[Entry, ...]], data: st.DataObject) -> None:
    octets = bytearray(packed(batches))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    whole = sum(len(packed(batches[:count])) <= at for count in range(1, len(batches) + 1))
    assert [batch.number for batch in unpack(bytes(octets))] == list(range(1, whole + 1))


def test_what_an_older_round_left_behind_is_not_read() -> None:
    entry = Entry((("a@x", 1),), b"record")
    old = packed([(entry,)] * 5, serial=1, first=10)
    new = packed([(entry,)] * 2, serial=2, first=20)
    assert len(old) > len(new)
    assert [batch.number for batch in unpack(new + old[len(new) :])] == [20, 21]
    assert [batch.number for batch in unpack(packed([(entry,)], 1, 1) + packed([(entry,)], 1, 3))] == [1]


def test_of_two_batches_of_one_number_the_later_file_counts() -> None:
    refused = Batch(1, 5, (Entry((("a@x", 1),), b"refused"),))
    empty = Batch(2, 5, ())
    other = Batch(2, 6, (Entry((("a@x", 1),), b"stored"),))
    for order in ([refused, empty, other], [empty, other, refused]):
        assert list(current(order, after=0)) == [empty, other]
    assert list(current([refused, other], after=5)) == [other]
    assert list(current([replace(refused, number=4)], after=4)) == []


def test_a_head_is_small() -> None:
    assert HEAD_SIZE == len(pack(1, 1, ())) == 28


@given(st.binary(max_size=60))
def test_a_payload_that_is_no_list_of_entries_is_no_batch(payload: bytes) -> None:
    """Its checksum is right: nobody but who wrote it knows how that came to be."""
    batches = list(unpack(pack(1, 1, [payload]) + bytes(64)))
    entries = [entry for batch in batches for entry in batch.entries]
    assert all(isinstance(entry.record, bytes) for entry in entries)
    assert b"".join(map(bytes, payload_of(entries))) == (payload if batches else b"")
