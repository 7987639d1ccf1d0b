"""Two sessions side by side: what differs inside a line."""

import pytest

from mysmtp.inspector.compare import side_by_side
from mysmtp.inspector.lines import lines_from
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.web.presenting_beside import Both, beside_of
from tests.protocol.taped import taped


def both(left: bytes, right: bytes) -> Both:
    """Return the row in which the first command of two sessions stands."""
    one, other = (lines_from(taped(MY_SMTP, said).entries(), "initial") for said in (left, right))
    return beside_of(side_by_side(one, other)).rows[0]


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        (b"HELO a.example\n", b"HELO bc.example\n", [("HELO ", "a", r".example\n"), ("HELO ", "bc", r".example\n")]),
        (b"HELO aa\n", b"HELO aaa\n", [("HELO aa", "", r"\n"), ("HELO aa", "a", r"\n")]),
        (b"HELO x\n", b"HELO x\r\n", [("HELO x", "", r"\n"), ("HELO x", r"\r", r"\n")]),
        # Of ü (c3 bc) and ö (c3 b6) the first octet is the same.
        ("HELO ü\n".encode(), "HELO ö\n".encode(), [("HELO ", "ü", r"\n"), ("HELO ", "ö", r"\n")]),
        (b"HELO x\n", b"HELO x\n", [(r"HELO x\n", "", ""), (r"HELO x\n", "", "")]),
        (b"FOO", b"BAR", [("FOO", "", ""), ("BAR", "", "")]),
    ],
)
def test_what_differs_in_a_line_is_marked(left: bytes, right: bytes, shown: list[tuple[str, str, str]]) -> None:
    row = both(left, right)
    assert row.left is not None
    assert row.right is not None
    assert [row.left.text, row.right.text] == shown
