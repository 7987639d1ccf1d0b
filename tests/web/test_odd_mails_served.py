"""The bombs in a running process: each page comes, and the hub is never held (the process says so when it ends)."""

from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.mime.corpus import BOMBS
from tests.process import CLOSELY, PostOfficeProcess
from tests.web.letters import rich

PARTS = 4  # as many tests, so that several cores share the work
SLOWEST = 30.0  # seconds for a page; a bomb that holds a parser without caps takes from minutes to for ever


def fetched(url: str) -> int:
    """Ask for a page; return its status."""
    try:
        with urlopen(url, timeout=SLOWEST) as response:
            response.read()
            return int(response.status)
    except HTTPError as fault:
        return fault.code


@pytest.mark.parametrize("part", range(PARTS))
def test_no_bomb_holds_the_hub(part: int, tmp_path: Path) -> None:
    process = PostOfficeProcess(tmp_path, environment=CLOSELY).start()
    deep = [("deep HTML", rich("<div>" * 40_000)), ("much HTML", rich("<p><b>word</b> " * 30_000))]
    bombs = [(name, octets) for name, octets in [*BOMBS, *deep] if octets][part::PARTS]
    for _, octets in bombs:
        process.send("bombs@x", body=octets if octets.endswith(b"\n") else octets + b"\n")
    for number, (name, _) in enumerate(bombs, 1):
        for view in ("", "/headers", "/parts", "/page"):
            assert fetched(f"{process.url}/mailbox/bombs@x/{number}{view}") in (200, 404), name
    process.stop()
    assert "Traceback" not in process.log.read_text()
