"""A real browser, with no policy to help it, runs nothing and fetches nothing of what `sanitise` gives it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from mysmtp.mime.html import sanitise
from tests.chromium import open_chromium
from tests.mime.canary import acts, as_it_came

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


def test_vectors_as_they_came_run_and_fetch(chromium: Browser) -> None:
    alerts, asked, _ = acts(chromium, as_it_came)
    assert alerts >= 5
    assert len(asked) >= 10


def test_nothing_runs_and_nothing_is_fetched(chromium: Browser) -> None:
    assert acts(chromium, lambda _, vector: (sanitise(vector, lambda _: None).html, {})) == (0, [], [])
