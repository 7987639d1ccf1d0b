"""Two sessions side by side: what is the same stands in one row, what differs is marked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.inspector.compare import Pair, side_by_side
from mysmtp.inspector.lines import lines_from
from mysmtp.protocol.my_smtp import MY_SMTP
from tests.protocol.taped import lines, taped


def pairs(left: list[str], right: list[str]) -> list[Pair]:
    sides = [lines_from(taped(MY_SMTP, *lines(*said, end="\n")).entries(), "initial") for said in (left, right)]
    return list(side_by_side(*sides))


def marks(found: list[Pair]) -> list[str]:
    return ["=" if pair.same else "<" if pair.right is None else ">" if pair.left is None else "x" for pair in found]


def test_the_same_conversation_is_the_same_line_by_line() -> None:
    found = pairs(["HELO x", "MAIL FROM: a@x"], ["HELO x", "MAIL FROM: a@x"])
    assert marks(found) == ["="] * 4


def test_a_command_that_differs_stands_beside_its_counterpart() -> None:
    found = pairs(["HELO x", "MAIL FROM: a@x"], ["HELO x", "MAIL FROM: a@y"])
    assert marks(found) == ["=", "=", "x", "x"]
    assert all(pair.left and pair.right and pair.left.side == pair.right.side for pair in found)


def test_what_only_one_said_stands_alone() -> None:
    assert marks(pairs(["HELO x", "QUIT"], ["HELO x", "LIST nobody", "QUIT"])) == ["=", "=", ">", ">", "=", "="]


def test_a_line_that_only_ends_otherwise_stands_beside_its_counterpart_and_differs() -> None:
    said = (
        taped(MY_SMTP, b"HELO x\0", b"LIST nobody\0"),
        taped(MY_SMTP, *lines("QUIET", "HELO x", "LIST nobody", end="\n")),
    )
    found = side_by_side(*(lines_from(tape.entries(), "initial") for tape in said))
    assert marks(list(found)) == [">", ">", "x", "x", "x", "x"]


def test_a_command_stands_beside_that_of_its_verb_however_it_is_written_and_what_came_between() -> None:
    found = pairs(["HELO x", "MAIL FROM: a@x"], ["HELO x", "LIST bob", "mail from:b@x"])
    assert marks(found) == ["=", "=", ">", ">", "x", "="]
    assert found[4].right is not None
    assert found[4].right.octets == b"mail from:b@x\n"


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["HELO x", "LIST b", "MAIL FROM: a@x"]), max_size=6),
       st.lists(st.sampled_from(["HELO x", "LIST b", "MAIL FROM: a@x"]), max_size=6))  # fmt: skip
def test_no_line_is_lost_and_none_changes_its_place(left: list[str], right: list[str]) -> None:
    found = pairs(left, right)
    for side in ("left", "right"):
        numbers = [line.number for pair in found if (line := getattr(pair, side)) is not None]
        assert numbers == sorted(numbers)
        assert len(numbers) == 2 * len(left if side == "left" else right)
