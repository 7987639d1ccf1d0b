"""What a search tells: a page of hits, how many others find, what is round a mail."""

from collections.abc import Sequence
from dataclasses import dataclass

from mysmtp.search.sheet import Sheet

COUNTED = 1000  # mails that are counted; of more it is said that there are more


@dataclass(frozen=True, slots=True)
class Hit:
    """A mail that was found: its key in the order of all mail, its mailbox and id, its texts, whether it was seen."""

    key: int
    mailbox: str
    id: int
    sheet: Sheet
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many mails a search finds; `more`: and there are more."""

    total: int
    more: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, newest first. `newer` and `older` are keys; 0: the newest page, None: none.

    `total` mails in `mailboxes` were counted, `more`: and there are more; `place` is that of the first hit among them,
    from 1 on, 0 where it is none of them. `unsearched` of all mails were not searched yet; `searched` were, in `boxes`
    mailboxes; of `cut` of them not all the text was, of `files_cut` perhaps not all attachments. `nowhere` are the
    names that were asked for and no mailbox has. `instead` has what other queries find, where nothing was found.
    """

    hits: Sequence[Hit]
    newer: int | None
    older: int | None
    place: int
    total: int
    more: bool
    mailboxes: int
    searched: int
    boxes: int
    unsearched: int
    cut: int
    files_cut: int
    nowhere: Sequence[str]
    instead: Sequence[Count]


@dataclass(frozen=True, slots=True)
class Nearby:
    """What is round a mail among what a search finds, whether it is found itself or not: mailbox and id, None without.

    `key` is its own in the order of all mail; `above` counts what is newer, as far as was asked for.
    """

    key: int
    newer: tuple[str, int] | None
    older: tuple[str, int] | None
    above: int
