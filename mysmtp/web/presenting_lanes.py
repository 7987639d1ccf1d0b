"""The stepped line beside a transcript, a piece of it for each row."""

from functools import lru_cache
from typing import NamedTuple

LANE = 18  # width of a lane in the drawing


class Lane(NamedTuple):
    """A row's part of the stepped line: the path in its first 30 units of height, and below; a dot or a bar, if any."""

    top: str
    below: str
    dot: str
    ring: bool
    stop: str
    stop_look: str


def lane_at(lane: int) -> int:
    """Return where a lane's middle is, from the left."""
    return LANE // 2 + LANE * lane


@lru_cache(512)
def drawn(before: int, after: int, first: bool, end: bool, ring: bool, refused: bool, hard: bool) -> Lane:
    """Return a row's part: states before and after, whether the session begins or ends here or goes on, a refusal."""
    start, goal = lane_at(before), lane_at(after)
    top = f"M{start} {15 if first else 0}V15"
    top += f"H{goal}" if goal != start else ""
    return Lane(
        top=top if end else top + "V30",
        below="" if end else f"M{goal} 0V10",
        dot=f"M{goal} 15h0" if goal != start or ring else "",
        ring=ring,
        stop=f"M{start - 6} 15H{start + 6}" if refused else "",
        stop_look="hard" if hard else "soft",
    )
