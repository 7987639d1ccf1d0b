"""How a page looks to everybody: what axe-core finds on it, where things lie, what is too small or too wide."""

from functools import cache
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FloatRect, Locator, Page

_WIDTHS = (1280, 360)
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Of a long list the first rows speak for those after them, which the same lines of a template made.
_REST = ":is(ul, ol, tbody, pre) > :nth-child(n + 11)"
_RUN = "async ([context, options]) => (await axe.run(context, options)).violations"


def violations(page: Page, *, turned: bool = False, looks: slice = slice(None)) -> list[str]:
    """Return what axe-core finds on this page, wide and light, narrow and dark; `turned`, wide and dark, then light.

    `looks` chooses one of the two, for pages of which there are many of one kind.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    # A mail in its frame is not ours to mend, and no script runs there.
    options = {"resultTypes": ["violations"], "preload": False, "iframes": False}
    found = []
    for width, theme in list(zip(_WIDTHS, reversed(_THEMES) if turned else _THEMES, strict=True))[looks]:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        broken = page.evaluate(_RUN, [{"exclude": [_REST]}, options])
        found += [f"{width} {theme} {rule['id']}: {node['html'][:200]}" for rule in broken for node in rule["nodes"]]
    return found


@cache
def _script() -> str:
    return str(Axe().axe_script)


def placed(element: Locator) -> FloatRect:
    """Return where an element lies."""
    box = element.bounding_box()
    assert box
    return box
