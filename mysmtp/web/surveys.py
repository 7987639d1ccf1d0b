"""What the mails that were looked at last hold, so that each tab of a mail need not look for it again.

Asked in threads, off the hub. Knows no route and no template.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mysmtp.message import StoredMail
from mysmtp.mime import Mail
from mysmtp.mime.checks import Finding, check
from mysmtp.mime.html import Image, Link, sanitise
from mysmtp.mime.linked import pieces

MOST = 1000  # links, and images, of one mail that are remembered and shown


@dataclass(frozen=True, slots=True)
class Survey:
    """What is worth telling of a mail; where it leads, by its HTML and then its text; what its HTML shows as images.

    Of `links` and `images` the first `MOST` are there; `all_links` and `all_images` count all. Nothing is fit to be
    shown yet.
    """

    found: Sequence[Finding]
    links: Sequence[Link] = ()
    images: Sequence[Image] = ()
    all_links: int = 0
    all_images: int = 0


class Surveys:
    """Looks at mails, and remembers what came of it for the last `kept` of them."""

    def __init__(self, kept: int = 100) -> None:
        self._kept = kept
        self._lock = threading.Lock()  # held for a few steps only
        self._known: OrderedDict[int, Survey] = OrderedDict()

    def of(self, stored: StoredMail, mail: Mail) -> Survey:
        """Return what a mail at rest holds; `mail` is the same, taken apart."""
        # All that is looked at is in the key: a mail that somebody edits in its file is looked at again.
        key = hash((stored.body, stored.envelope, stored.trace, stored.summary.arrived))
        with self._lock:
            known = self._known.get(key)
        found = known or survey(stored, mail)
        with self._lock:
            self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
        return found


def survey(stored: StoredMail, mail: Mail) -> Survey:
    """Look at a mail. With HTML it takes as long as `html.sanitise` does."""
    page = sanitise(mail.html, mail.path_of) if mail.html is not None else None
    found = tuple(check(mail, stored.envelope, page, trace=stored.trace, arrived=stored.summary.arrived))
    if not mail.has_header:
        return Survey(found)
    links = [link for link in page.links if not link.url.startswith("#")] if page else []
    there = {link.url for link in links}
    links += [link for link in _of_text(mail.text or "") if link.url not in there]
    images = page.images if page else ()
    return Survey(found, tuple(links[:MOST]), tuple(images[:MOST]), len(links), len(images))


def _of_text(text: str) -> Iterator[Link]:
    seen: set[str] = set()
    for piece in pieces(text):
        if piece.url and piece.url not in seen:
            seen.add(piece.url)
            yield Link(piece.url, piece.url)
