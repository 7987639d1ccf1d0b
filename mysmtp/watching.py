"""`mysmtp sessions`: the recorded sessions of the running server as a list, and all conversations as they happen.

It reads what the pages of sessions read, over HTTP. All that a peer said passes `text.visible` or the wire format.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mysmtp.client.terminal import DONE, INTERRUPTED, NO_CONNECTION, fit_output, hush, look_of
from mysmtp.following import Follower, Happening
from mysmtp.inspector.protocols import label_of
from mysmtp.reaching import Gone, Listening, NoPages, Pages, pages_of
from mysmtp.text import clipped, visible

_AGAIN = 0.5  # seconds after which a lost server is asked again
_LOOK_EVERY = 0.1
_RESTS = 4  # times as long as a look takes none is taken
_LONGEST_LINE = 2000  # characters
_WIDE = 100  # columns from which on there is room for who it was
_UNBOUNDED = 100_000  # columns of what is no terminal
_STYLES = {"C": "blue", "S": "magenta", "#": "dim"}
_CODE = re.compile(r" (?:[2-5][0-9]{2}|\+OK|-ERR)(?=[ \\-]|$)")
_CLASSES = {"2": "green", "3": "cyan", "4": "yellow", "5": "red", "+": "green", "-": "red"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `query` filters as the page does: protocol, state, errors, address."""

    query: Mapping[str, str]
    count: int
    follow: bool
    as_json: bool
    server: str | None
    folder: Path


def run(wanted: Wanted) -> int:
    """List the sessions, or follow them until somebody ends that; return the exit code."""
    fit_output(look_of(os.environ, sys.stdout.isatty()))
    try:
        if wanted.follow:
            _follow(wanted)
        return _list(wanted)
    except (NoPages, Gone) as fault:
        print(visible(f"mysmtp: {fault}"), file=sys.stderr)
        return NO_CONNECTION
    except BrokenPipeError:
        return hush()
    except KeyboardInterrupt:
        return INTERRUPTED


def _console() -> Console:
    look = look_of(os.environ, sys.stdout.isatty())
    width = None if sys.stdout.isatty() else _UNBOUNDED
    return Console(no_color=not look.colour, color_system="standard" if look.colour else None, highlight=False,
                   markup=False, emoji=False, width=width, force_terminal=sys.stdout.isatty())  # fmt: skip


# ---- the list


def _list(wanted: Wanted) -> int:
    pages = pages_of(wanted.server, wanted.folder)
    sessions = list(_newest(pages, wanted))
    if wanted.as_json:
        for facts in sessions:
            print(json.dumps(facts, separators=(",", ":")))
    elif sessions:
        _print_table(sessions)
    else:
        print("mysmtp: no such sessions" if wanted.query else "mysmtp: no conversations yet", file=sys.stderr)
    sys.stdout.flush()
    return DONE


def _newest(pages: Pages, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    """Yield the facts of the sessions asked for, the newest first."""
    left, query = wanted.count, dict(wanted.query)
    while left > 0:
        part = pages.ask("/sessions.json", query)
        yield from part["sessions"][:left]
        left -= len(part["sessions"])
        if not part["older"]:
            return
        query["before"] = str(part["older"])


def _print_table(sessions: Sequence[Mapping[str, Any]]) -> None:
    console = _console()
    wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("session", justify="right", no_wrap=True)
    for name in ("protocol", "began", "lasted", *(("from",) if wide else ())):
        table.add_column(name, no_wrap=True)
    table.add_column("what came of it", overflow="fold")
    today = datetime.now().astimezone().date()
    for facts in sessions:
        session, protocol, began, lasting, peer, words = _row(facts, today)
        table.add_row(session, protocol, began, lasting, *((peer,) if wide else ()), words)
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        print(line.rstrip())


def _row(facts: Mapping[str, Any], today: date) -> tuple[Text, Text, Text, Text, Text, Text]:
    ended, began = facts["ended"], _moment(facts["began"])
    framing = ", segments" if facts["framing"] == "segments" else ""
    tls = ", TLS" if facts["tls"] else ""
    state = f"{facts['state']}; " if ended is None and facts["state"] else ""
    words = Text(visible(f"{state}{facts['words']}"), "yellow" if facts["refused"] and not facts["mails"] else "")
    return (
        Text(str(facts["session"])),
        Text(visible(f"{label_of(facts['protocol'])}{framing}{tls}")),
        Text(began.strftime("%H:%M:%S" if began.date() == today else "%d-%m-%Y %H:%M:%S")),
        Text("open", "green") if ended is None else Text(lasted(facts)),
        Text(visible(facts["peer"])),
        words,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def lasted(facts: Mapping[str, Any]) -> str:
    """Return how long a session was open: ``0.04 s``."""
    return f"{(_moment(facts['ended']) - _moment(facts['began'])).total_seconds():.2f} s"


# ---- as they happen


def _follow(wanted: Wanted) -> NoReturn:
    """Show what happens until interrupted. Raises NoPages where no server is there at the beginning."""
    show = _json_line if wanted.as_json else Lines(_console()).show
    follower = Follower(wanted.query)
    lost = False
    while True:
        pages = pages_of(wanted.server, wanted.folder)
        try:
            with closing(pages.listen()) as listening:
                found = follower.look(pages)
                first = list(islice(found, 1))
                _say(f"following {pages.address}; Ctrl-C ends it")
                lost = False
                for happening in chain(first, found):  # as it comes: a crowd takes its time
                    show(happening)
                _follow_one(listening, pages, follower, show)
        except NoPages as fault:
            if not follower.began:
                raise
            if not lost:
                _say(f"{fault}; waiting for it")
            lost = True
            time.sleep(_AGAIN)
        finally:
            pages.close()


def _follow_one(listening: Listening, pages: Pages, follower: Follower, show: Callable[[Happening], None]) -> NoReturn:
    """Show what happens at one server until it ends. Raises NoPages then."""
    while True:
        listening.wait()
        began = time.monotonic()
        for happening in follower.look(pages):
            show(happening)
        time.sleep(max(_LOOK_EVERY, _RESTS * (time.monotonic() - began)))


def _say(words: str) -> None:
    print(visible(f"mysmtp: {words}"), file=sys.stderr, flush=True)


def _json_line(happening: Happening) -> None:
    if happening.told:
        print(json.dumps(happening.told, separators=(",", ":")), flush=True)


class Lines:
    """Shows what happens, a line each: the time, the session, and the line in the wire format."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = 4  # of a session's number, so far

    def show(self, happening: Happening) -> None:
        """Print what happened, all its lines."""
        self._width = max(self._width, len(str(happening.session)))
        clock = happening.at.astimezone().strftime("%H:%M:%S.%f")[:-3] if happening.at else " " * 12
        for line in happening.lines:
            text = Text().append(f"{clock}  {happening.session:>{self._width}}  ", "dim")
            text.append_text(_painted(clipped(line, _LONGEST_LINE)))
            self._console.print(text, soft_wrap=True)
            sys.stdout.flush()


def _painted(line: str) -> Text:
    mark, octets = (line[:2], line[2:]) if line[:2] in ("C:", "S:") else ("#", line)
    if mark == "#":
        return Text(visible(line), _STYLES["#"])
    by_class = _CLASSES.get(octets.strip()[:1], "") if mark == "S:" and _CODE.match(octets) else ""
    return Text().append(mark, _STYLES[mark[0]]).append(visible(octets), by_class)
