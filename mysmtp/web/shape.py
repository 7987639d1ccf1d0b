"""The shape of a conversation: its states over time as one stepped line, up as a mail is built, down when it is stored.

Pure geometry, `message.Trace.shape` in and SVG path data out. What it says is always told in words beside it as well.
"""

from dataclasses import dataclass

LEVELS = (34.0, 25.0, 16.0, 7.0)
WIDTH, HEIGHT, MARGIN, BAR = 170.0, 40.0, 5.0, 5.0
LONGEST = 48


@dataclass(frozen=True, slots=True)
class Shape:
    """Path data in a box of `view`: the ruled levels, the line, and bars across it for refusals and for failures."""

    view: str
    ruled: str
    line: str
    refused: str
    failed: str


def steps_of(shape: str) -> str:
    """Return the part of a trace that is drawn: known steps only, the end if it is long, down to 0 as it was stored."""
    known = "".join(step for step in shape if step in "0123xX")
    return (known if known.endswith("0") else known + "0")[-LONGEST:]


def draw(shape: str) -> Shape:
    """Return the drawing of a stored mail's trace."""
    steps = steps_of(shape)
    width = (WIDTH - 2 * MARGIN) / (len(steps) + 1)
    first = next(step for step in steps if step.isdigit())
    # A session begins in 0 and can only go to 1 from there; one that begins higher has lost its beginning.
    level = LEVELS[int(first)] if first in "23" else LEVELS[0]
    x = MARGIN + width
    line = [f"M{MARGIN:g} {level:g}H{x:.1f}"]
    refused: list[str] = []
    failed: list[str] = []
    for step in steps:
        if step.isdigit():
            level = LEVELS[int(step)]
            line.append(f"V{level:g}")
        else:
            bar = f"M{x + width / 2:.1f} {level - BAR:g}v{2 * BAR:g}"
            (refused if step == "x" else failed).append(bar)
        x += width
        line.append(f"H{x:.1f}")
    ruled = "".join(f"M0 {each:g}H{WIDTH:g}" for each in LEVELS)
    return Shape(f"0 0 {WIDTH:g} {HEIGHT:g}", ruled, "".join(line), "".join(refused), "".join(failed))
