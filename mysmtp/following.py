"""What happens in all sessions, taken from the JSON of the running server a look at a time, in the order of each.

A session that is asked for is followed from its beginning to its end. Those that were over before the first look are
left out.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mysmtp.entry import FLOWING, Entry
from mysmtp.inspector.export import entry_of, note, told_lines
from mysmtp.inspector.lines import Line, lines_from
from mysmtp.inspector.protocols import Known, known, label_of
from mysmtp.inspector.shut import Shutter
from mysmtp.reaching import Gone, NoPages, Pages
from mysmtp.text import visible

_RECENT = 10  # seconds after the end of a session in which it is listed, besides those since the last look
_MANY = 10_000  # sessions that are done with, from which on the oldest are forgotten
_FORGOTTEN = 120.0  # seconds after which they are not listed as recent any more


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened in a session: as lines to show, and as it is told in JSON."""

    session: int
    at: datetime | None
    lines: Sequence[str]
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Followed:
    """A session that is followed. `waiting`: entries of a message whose last line is not complete; `shown` of them."""

    session: int
    began: datetime
    known: Known | None
    shutter: Shutter | None
    framing: str = ""
    seen: int = 0  # the number of the last entry
    waiting: list[Entry] = field(default_factory=list)
    shown: int = 0  # lines of what waits


class Follower:
    """Follows what `query` asks for, over any number of servers one after the other."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.began = False
        self._query = query
        self._known = known()
        self._started = ""  # the server's beginning, which tells one from the next
        self._followed: dict[int, _Followed] = {}
        self._over: dict[int, float] = {}  # sessions that are done with, and since when
        self._looked = time.monotonic()

    def look(self, pages: Pages) -> Iterator[Happening]:
        """Yield what has happened since the last look. Raises NoPages."""
        now = time.monotonic()
        since = int(now - self._looked) + _RECENT
        try:
            listed = list(self._listed(pages, since))
            first = not self.began
            self.began = True
            self._looked = now
            if first:
                self._over = {facts["session"]: now for facts in listed if facts["ended"] is not None}
            numbers = {facts["session"] for facts in listed}
            for facts in sorted(listed, key=lambda facts: int(facts["session"])):
                if facts["session"] not in self._over:
                    yield from self._take(pages, facts)
            if len(self._over) > _MANY:
                self._over = {each: at for each, at in self._over.items() if each in numbers or now - at < _FORGOTTEN}
            for session in [each for each in self._followed if each not in numbers]:
                yield from self._take(pages, {"session": session})
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise NoPages(f"what is at {pages.address} tells of sessions otherwise; it is another version") from fault

    def _listed(self, pages: Pages, recent: int) -> Iterator[Mapping[str, Any]]:
        query = {**self._query, "recent": str(recent)}
        while True:
            part = pages.ask("/sessions.json", query)
            if part["started"] != self._started:
                self._started = part["started"]
                self._followed.clear()
                self._over.clear()
            yield from part["sessions"]
            if not part["older"]:
                return
            query["before"] = str(part["older"])

    def _take(self, pages: Pages, listed: Mapping[str, Any]) -> Iterator[Happening]:
        """Yield what is new in one session."""
        session = int(listed["session"])
        followed = self._followed.get(session)
        if followed is not None and listed.get("ended", "") is None and listed["last"] == followed.seen:
            return
        try:
            facts = pages.ask(f"/sessions/{session}.json", {"after": str(followed.seen if followed else 0)})
        except Gone:
            self._followed.pop(session, None)
            self._over[session] = time.monotonic()
            return
        if followed is None:
            began = datetime.fromisoformat(facts["began"])
            table = self._known.get(facts["protocol"])
            followed = _Followed(session, began, table, Shutter(table) if table is not None else None)
            self._followed[session] = followed
            tls = f", {facts['tls']}" if facts["tls"] else ""
            yield _remark(facts, began, f"{label_of(facts['protocol'])} from {facts['peer']}{tls}")
        followed.framing = facts["framing"]
        yield from _gone(followed, int(facts["lost"]))
        yield from _news(followed, facts["entries"], over=facts["ended"] is not None)
        if facts["ended"] is not None:
            del self._followed[session]
            self._over[session] = time.monotonic()
            yield _remark(facts, datetime.fromisoformat(facts["ended"]), _ending(facts))


def _gone(followed: _Followed, lost: int) -> Iterator[Happening]:
    """Yield how many entries made room for others before they were seen."""
    count = lost - followed.seen
    if count > 0:
        followed.seen, followed.shown = lost, 0
        followed.waiting.clear()
        words = f"# {count:,} {'entry' if count == 1 else 'entries'} made room for others before they could be shown"
        yield Happening(followed.session, None, [words], {"session": followed.session, "lost": count})


def _news(followed: _Followed, told: Sequence[Mapping[str, Any]], *, over: bool) -> Iterator[Happening]:
    """Yield what the newest entries hold, each with the lines that are complete now."""
    for each in told:
        entry = entry_of(each)
        if entry.kind in FLOWING and entry.cut and not over and each is told[-1]:
            return  # more of it may come yet
        texts = _ready(followed, whole=True) if entry.kind not in FLOWING else []
        followed.waiting.append(entry)
        if followed.shutter is not None:
            followed.shutter.take(entry)
        followed.seen = entry.number
        texts += _ready(followed, whole=False)
        at = followed.began + timedelta(seconds=entry.at)
        yield Happening(followed.session, at, texts, {"session": followed.session, **each})
    if over and followed.waiting:
        at = followed.began + timedelta(seconds=followed.waiting[-1].at)
        yield Happening(followed.session, at, _ready(followed, whole=True))


def _ready(followed: _Followed, *, whole: bool) -> list[str]:
    """Return the lines that are complete, or all of them, and forget what is not needed any more."""
    lines = lines_from(followed.waiting, "")
    partly = not whole and bool(lines) and lines[-1].body and not lines[-1].end
    ready = lines[followed.shown : len(lines) - partly]
    followed.shown += len(ready)
    if not partly:
        followed.waiting.clear()
        followed.shown = 0
    return [text for line in ready for text in _texts(line, followed)]


def _texts(line: Line, followed: _Followed) -> Iterator[str]:
    yield from told_lines([line], followed.framing)
    table, shutter = followed.known, followed.shutter
    words = note(line.entry, table, shutter.now) if line.is_reply and table and shutter else ""
    if words:
        yield f"#  {words}"


def _remark(facts: Mapping[str, Any], at: datetime, words: str) -> Happening:
    told = {key: value for key, value in facts.items() if key != "entries"}
    return Happening(int(facts["session"]), at, [visible(f"# {words}")], told)


def _ending(facts: Mapping[str, Any]) -> str:
    seconds = (datetime.fromisoformat(facts["ended"]) - datetime.fromisoformat(facts["began"])).total_seconds()
    counts = [f"{facts['mails']:,} stored"] if facts["mails"] else []
    counts += [f"{facts['refused']:,} refused"] if facts["refused"] else []
    return f"ended after {seconds:.2f} s: {facts['reason']}{'; ' if counts else ''}{', '.join(counts)}"
