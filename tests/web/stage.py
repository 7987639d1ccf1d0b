"""One page of one browser for many stories: its modes are switched through the browser's tools, nothing is opened anew.

A story is gone through with JavaScript and without, wide and narrow: in all four of MODES where acting differs with the
width, else in CROSSED. Where it stops, `look` looks at the page, light and dark, and in CROSSED at both widths.
"""

from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Browser, Page

from tests.web.conftest import PATIENCE, watched

PAPER: Final = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 32)"}

# Colours of a page in the light and in the dark, without painting it. That the reader's choice, which is used here,
# gives what the system's wish gives is tested with the stylesheet.
_COLOURS: Final = """
    const inBoth = see => ["light", "dark"].flatMap(theme => {
        grounds.clear();
        const was = document.documentElement.dataset.theme;
        document.documentElement.dataset.theme = theme;
        const seen = see(theme);
        if (was) document.documentElement.dataset.theme = was;
        else delete document.documentElement.dataset.theme;
        return seen;
    });
    const parse = colour => (colour.match(/[0-9.]+/g) ?? []).map(Number);
    const bright = colour => parse(colour).slice(0, 3).map(part => part / 255)
        .map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [.2126, .7152, .0722][at], 0);
    const contrast = (...colours) => {
        const [less, more] = colours.map(bright).sort((a, b) => a - b);
        return (more + .05) / (less + .05);
    };
    const grounds = new Map();
    const ground = element => {  // the first that is opaque; nothing here has colours that shine through
        if (!element) return "rgb(255, 255, 255)";
        if (!grounds.has(element)) {
            const own = getComputedStyle(element).backgroundColor;
            grounds.set(element, parse(own)[3] === 0 ? ground(element.parentElement) : own);
        }
        return grounds.get(element);
    };
"""

# What is wrong with how a page looks: it can be moved sideways, or a text stands out too little (WCAG 1.4.3).
_SEEN: Final = f"""papers => {{
    {_COLOURS}
    const wrong = [];
    if (document.documentElement.scrollWidth > innerWidth) wrong.push("it scrolls sideways");
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const elements = new Set();
    while (texts.nextNode()) if (texts.currentNode.data.trim()) elements.add(texts.currentNode.parentElement);
    const shown = [...elements].filter(
        element => element.checkVisibility({{ opacityProperty: true, visibilityProperty: true }}));
    const faint = theme => shown.flatMap(element => {{
        const seen = contrast(getComputedStyle(element).color, ground(element));
        return seen < 4.5 ? [`${{theme}}, ${{seen.toFixed(1)}}: ${{element.outerHTML.slice(0, 100)}}`] : [];
    }});
    const paper = theme => ground(document.querySelector("main")) === papers[theme] ? [] : [`${{theme}}: other paper`];
    return [...wrong, ...inBoth(theme => [...paper(theme), ...faint(theme)])];
}}"""

# How much the mark of the focus stands out from what is behind it; 0 where there is none.
_FOCUS: Final = f"""() => {{
    {_COLOURS}
    const marked = [document.activeElement, document.activeElement.closest("li, tr")]
        .find(each => each && getComputedStyle(each).outlineStyle !== "none");
    if (!marked) return 0;
    return Math.min(...inBoth(() => [contrast(getComputedStyle(marked).outlineColor, ground(marked.parentElement))]));
}}"""


@dataclass(frozen=True, slots=True)
class Mode:
    """How a story is gone through."""

    javascript: bool
    width: int

    def name(self, story: str) -> str:
        """Return a mailbox of this story's own."""
        return f"{story}-{'with' if self.javascript else 'without'}-{self.width}@x"

    def __str__(self) -> str:
        return f"{'javascript' if self.javascript else 'plain'}-{self.width}"


WIDE, NARROW = 1280, 360
MODES: Final = tuple(Mode(javascript, width) for javascript in (True, False) for width in (WIDE, NARROW))
CROSSED: Final = (Mode(True, WIDE), Mode(False, NARROW))


class Stage:
    """The page, in the mode that was asked for last."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self._tools = self._context.new_cdp_session(self.page)
        self._home = ""
        self.trouble: list[str] = []
        watched(self.page, self.trouble, lambda: self._home)

    def enter(self, mode: Mode, *, widths: tuple[int, ...]) -> None:
        """Begin anew in this mode, with nothing remembered of what was before; `widths` are looked at."""
        self.mode = mode
        self._widths = widths
        self._context.clear_cookies()
        self.page.goto("about:blank")  # what was open asks its server for nothing more
        self._tools.send("Emulation.setScriptExecutionDisabled", {"value": not mode.javascript})
        self.resize(mode.width)
        self.trouble.clear()

    def open(self, url: str) -> Page:
        """Open a page; with JavaScript, return when it is live."""
        self._home = "/".join(url.split("/")[:3])
        self.page.goto(url)
        self.live()
        return self.page

    def live(self) -> None:
        """Return when the page is live, if this mode lets it be."""
        if self.mode.javascript:
            self.page.wait_for_selector("#feed[data-state=live]")

    def look(self, *, white: bool = False) -> None:
        """See that this page is as it should be, light and dark; with `white`, that it is white in both."""
        self.page.wait_for_load_state()
        papers = {theme: PAPER["light" if white else theme] for theme in PAPER}
        for width in self._widths:
            self.resize(width)
            assert self.page.evaluate(_SEEN, papers) == [], f"{self.page.url}, {width}"
        self.resize(self.mode.width)

    def resize(self, width: int) -> None:
        """Give the window another width."""
        if self.page.viewport_size != {"width": width, "height": 800}:
            self.page.set_viewport_size({"width": width, "height": 800})

    def look_at_focus(self) -> None:
        """See that what has the focus is marked so that it can be seen (WCAG 1.4.11), light and dark."""
        self.page.wait_for_load_state()
        assert self.page.evaluate(_FOCUS) >= 3, self.page.url

    def close(self) -> None:
        self._context.close()
