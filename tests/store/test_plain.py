from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.store.record import Row
from mysmtp.store.scan import Scanner
from mysmtp.store.textformat import GONE, START, draft
from tests.store.mails import ORIGINAL, SPEC_RECORD, mail
from tests.store.test_scan import LINES

BODIES = [
    b"",
    b"x",
    b"\n",
    b"a\r\nb\r\n",
    b"a\r\nb",
    b"\r",
    b"\r\n",
    b"===END_EMAIL===\n",
    b"_EMAIL===",
    b"x===END_EMAIL===\n",
    b"y" * 300,
]
SENDERS = ["a@x", "", "a\r", "===END_EMAIL===", "_EMAIL===", "\udcff"]
ODD = [b" ", b"\n", b"\r", b"0", b"\0", b"id=1", b"=", b"===", b"\xff", b"Z"]

records = st.builds(
    lambda body, sender, number: draft(mail(body, sender, ["b@x"])).record(number),
    st.sampled_from(BODIES),
    st.sampled_from(SENDERS),
    st.integers(0, 9),
)
pieces = st.one_of(
    records, records, records.map(lambda octets: octets.replace(START, GONE, 1)), st.sampled_from([*LINES, ORIGINAL])
)


def rows(octets: bytes, cuts: list[int], carefully: bool) -> tuple[list[Row], list[Row], int, int]:
    scanner = Scanner(carefully=carefully)
    settled = [
        row for start, end in pairwise([0, *sorted(cuts), len(octets)]) for row in scanner.feed(octets[start:end])
    ]
    where = scanner.resume, scanner.last_id
    return settled, scanner.end(), *where


@settings(max_examples=300)
@given(st.data(), st.lists(pieces, max_size=8).map(b"".join))
def test_the_short_way_reads_what_the_long_way_reads(data: st.DataObject, octets: bytes) -> None:
    at = data.draw(st.integers(0, len(octets)))
    octets = octets[:at] + data.draw(st.sampled_from([b"", *ODD])) + octets[at + data.draw(st.integers(0, 2)) :]
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4))
    assert rows(octets, cuts, False) == rows(octets, cuts, True)


def test_the_short_way_reads_what_the_long_way_reads_whatever_octet_is_changed() -> None:
    octets = b"".join(draft(mail(body, paths=["b@x"])).record(number) for number, body in enumerate(BODIES[:7], 1))
    for at in range(len(octets)):
        for octet in (b"", b"\n", b"\r", b" ", b"0", b"=", b"\xff", octets[at : at + 1] * 2):
            changed = octets[:at] + octet + octets[at + 1 :]
            assert rows(changed, [], False) == rows(changed, [], True), (at, octet)


def test_plain_records_are_read_the_short_way() -> None:
    """Else all of this were tested for nothing."""
    long_way: list[int] = []

    class Watched(Scanner):
        def _first_line(self, at: int, line_end: int, gone: bool) -> int:
            long_way.append(at)
            return super()._first_line(at, line_end, gone)

    whole = b"".join(draft(mail(body)).record(number) for number, body in enumerate(BODIES[:7], 1))
    assert len(Watched().feed(whole + SPEC_RECORD.replace(b"id=1", b"id=8"))) == 8
    assert long_way == []
