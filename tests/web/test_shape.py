import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.web.shape import LONGEST, WIDTH, draw, steps_of


def test_one_refusal_then_a_mail() -> None:
    drawn = draw("x12330")
    assert drawn.view == "0 0 170 40"
    assert drawn.line == (
        "M5 34H27.9H50.7V25H73.6V16H96.4V7H119.3V7H142.1V34H165.0"  # flat, refused, up, up, up, DATA, down
    )
    assert drawn.refused == "M39.3 29v10"
    assert drawn.failed == ""


@pytest.mark.parametrize(
    ("shape", "steps"),
    [("1233", "12330"), ("12330", "12330"), ("", "0"), ("1?2\u202e", "120"), ("1X0", "1X0")],
)
def test_only_known_steps_are_drawn_down_to_stored(shape: str, steps: str) -> None:
    assert steps_of(shape) == steps


def test_a_long_session_keeps_its_end_and_begins_where_that_does() -> None:
    drawn = draw("1" + "23" * 200 + "0")
    assert len(steps_of("1" + "23" * 200 + "0")) == LONGEST
    assert drawn.line.startswith("M5 7H")


def test_failures_are_bars_of_their_own() -> None:
    drawn = draw("12X30")
    assert drawn.refused == ""
    assert drawn.failed.count("M") == 1


@given(st.text(max_size=300))
def test_whatever_a_file_says_the_line_stays_inside(shape: str) -> None:
    drawn = draw(shape)
    assert drawn.line.endswith(f"H{WIDTH - 5:.1f}")
    assert set(drawn.line) <= set("MHV 0123456789.")
