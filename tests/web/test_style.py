"""The contrast of every pair of colours that is used together, computed from the stylesheet, light and dark."""

import gzip
import re

import pytest

from mysmtp import assets

GROUNDS = ("paper", "desk", "sunk", "hover", "client-bg")
TEXT = [(ink, ground) for ink in ("ink", "ink2", "ink3", "accent", "server") for ground in GROUNDS] + [
    ("ok", "ok-bg"),
    ("more", "more-bg"),
    ("soft", "paper"),
    ("soft", "client-bg"),
    ("ink", "soft-bg"),
    ("ink3", "soft-bg"),
    ("accent", "soft-bg"),
    ("server", "soft-bg"),
    ("soft", "soft-bg"),
    ("hard", "hard-bg"),
    ("hard", "paper"),
    ("hard", "hover"),
    ("on", "accent"),
    ("ink", "mark"),
]
LINES = [(line, ground) for line in ("edge", "accent", "soft", "hard", "ok") for ground in ("paper", "desk")]


def themes() -> dict[str, dict[str, str]]:
    css = (assets.folder("static") / "style.css").read_text()
    blocks = re.findall(r":root([^{]*)\{([^}]*)\}", css)
    sets = {
        selector.strip(): dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", body))
        for selector, body in blocks
        if "--paper" in body
    }
    light, system, chosen = sets[""], sets[":not([data-theme=light])"], sets["[data-theme=dark]"]
    assert system == chosen, "the two dark sets differ"
    assert light.keys() == system.keys()
    return {"light": light, "dark": chosen}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), [(*pair, 4.5) for pair in TEXT] + [(*pair, 3.0) for pair in LINES])
def test_contrast(theme: str, front: str, back: str, least: float) -> None:
    colours = themes()[theme]
    assert contrast(colours[front], colours[back]) >= least


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_all_other_colours_are_tokens() -> None:
    css = (assets.folder("static") / "style.css").read_text()
    rules = re.sub(r":root[^{]*\{[^}]*\}", "", css)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])", rules) == []


def test_what_a_page_needs_is_small() -> None:
    for name, most in (
        ("style.css", 8_000),
        ("live.js", 5_500),
        ("keys.js", 2_500),
        ("figures.css", 2_000),
        ("panes.js", 1_200),
        ("sessions.css", 4_000),
        ("sessions.js", 4_800),
    ):
        assert len(gzip.compress((assets.folder("static") / name).read_bytes())) < most
