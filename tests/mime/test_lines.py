"""What is found of the lines of a mail, against the definition of a line; wherever the pieces of the search end."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from mysmtp.mime.lines import LineEnds, count_line_ends, line_number, longer_line

OCTETS = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"x", b"xxxx"])).map(b"".join)


@given(OCTETS, st.integers(1, 9))
@example(b"\r\n", 1)
def test_line_ends_are_counted_as_they_stand(octets: bytes, piece: int) -> None:
    cr, lf, pairs = (len(re.findall(each, octets)) for each in (rb"\r", rb"\n", rb"\r\n"))
    assert count_line_ends(octets, piece) == LineEnds(cr, lf, pairs)


@given(OCTETS, st.integers(0, 9))
@example(b"x\nxxx", 2)
def test_the_first_line_that_is_too_long(octets: bytes, longest: int) -> None:
    start = 0
    for line in re.split(rb"[\r\n]", octets):
        if len(line) > longest:
            assert longer_line(octets, longest) == start
            return
        start += len(line) + 1
    assert longer_line(octets, longest) is None


@given(OCTETS, st.data(), st.integers(1, 9))
def test_the_number_of_a_line(octets: bytes, data: st.DataObject, piece: int) -> None:
    place = data.draw(st.integers(0, len(octets)))
    assert line_number(octets, place, piece) == len(octets[:place].split(b"\n"))
