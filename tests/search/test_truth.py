"""Whatever is done to the mailboxes, by this process or others: a search finds just what reading every mail finds."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.search.index import MailIndex
from mysmtp.search.query import read_query
from mysmtp.search.words import split
from mysmtp.store.textfile import TextFileStore
from tests.store.mails import ORIGINAL
from tests.web.posts import message

BOXES = ("a@x", "b@x")
WORDS = ("apple", "pear", "hello", "newline")
ACTS = ("send", "send", "delete", "restore", "append", "edit", "swap", "remove", "compact", "reopen", "search")


class World:
    """A folder of mailboxes, what may happen to it, and an index of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = TextFileStore(folder)
        self.index = MailIndex(self.store)

    def close(self) -> None:
        self.index.close()
        self.store.close()

    def do(self, act: str, box: str, number: int) -> None:
        """Do one thing, if it can be done now."""
        file = self.folder / f"{box}.txt"
        word = WORDS[number % 2]
        acts: dict[str, Callable[[], object]] = {
            "send": lambda: self.store.append([box], message(f"{word} {number}\n")),
            "delete": lambda: self.store.delete(box, [number]),
            "restore": lambda: self.store.restore(box, [number]),
            "append": lambda: self._change(file, file.read_bytes() + ORIGINAL),
            "edit": lambda: self._change(file, file.read_bytes().replace(b"Hello Bob", b"Apple Bob")),
            "swap": lambda: file.replace(self.folder / f"{BOXES[1 - BOXES.index(box)]}.txt"),
            "remove": file.unlink,
            "compact": lambda: self.store.compact(box),
            "reopen": self._reopen,
            "search": lambda: self.found(word),
        }
        self.store.flush()
        if file.exists() or act in ("send", "reopen", "search"):
            acts[act]()

    def found(self, word: str) -> list[tuple[str, int]]:
        """Return what a search finds; nothing may be left unsearched."""
        found = self.index.find(read_query(word))
        assert found.unsearched == 0
        return sorted((hit.mailbox, hit.id) for hit in found.hits)

    def there(self, word: str) -> list[tuple[str, int]]:
        """Return what reading every mail finds."""
        return sorted(
            (box.name, mail.id)
            for box in self.store.mailboxes()
            for mail in self.store.list(box.name)
            if word in split(self.store.read(box.name, mail.id).body.decode())
        )

    def _reopen(self) -> None:
        self.close()
        self.store = TextFileStore(self.folder)
        self.index = MailIndex(self.store)

    def _change(self, file: Path, octets: bytes) -> None:
        """Write to a file as another program does; the clock of a file system may be too coarse to show it."""
        was = file.stat().st_mtime_ns
        file.write_bytes(octets)
        os.utime(file, ns=(was, was + 1_000_000))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(BOXES), st.integers(1, 4)), min_size=1, max_size=14))
def test_a_search_tells_the_truth(acts: list[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name))
        try:
            for act in acts:
                world.do(*act)
            for word in WORDS:
                assert world.found(word) == world.there(word), word
        finally:
            world.close()
