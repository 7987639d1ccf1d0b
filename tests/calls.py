"""How often something is called: what a test judges by where the clock would depend on the machine."""

import sys
from collections.abc import Callable
from types import FrameType


def calls_of(called: Callable[..., object], work: Callable[[], object]) -> int:
    """Return how often a function of ours is called in this thread while something is done."""
    code, count = called.__code__, 0

    def note(frame: FrameType, event: str, _called: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is code

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
