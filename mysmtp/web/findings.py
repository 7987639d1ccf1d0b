"""What was found in the mails that were looked at last, so that each tab of a mail need not look for it again.

Asked in threads, off the hub. Knows no route and no template.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from mysmtp.message import StoredMail
from mysmtp.mime import Mail
from mysmtp.mime.checks import Finding, check
from mysmtp.mime.html import sanitise


class Findings:
    """Checks mails, and remembers what came of it for the last `kept` of them."""

    def __init__(self, kept: int = 200) -> None:
        self._kept = kept
        self._lock = threading.Lock()  # held for a few steps only
        self._found: OrderedDict[int, Sequence[Finding]] = OrderedDict()

    def of(self, stored: StoredMail, mail: Mail) -> Sequence[Finding]:
        """Return what is worth telling of a mail at rest; `mail` is the same, taken apart."""
        # All that the checks look at is in the key: a mail that somebody edits in its file is looked at again.
        key = hash((stored.body, stored.envelope, stored.trace, stored.summary.arrived))
        with self._lock:
            found = self._found.get(key)
        if found is None:
            page = sanitise(mail.html, mail.path_of) if mail.html is not None else None
            found = tuple(check(mail, stored.envelope, page, trace=stored.trace, arrived=stored.summary.arrived))
        with self._lock:
            self._found[key] = found
            self._found.move_to_end(key)
            while len(self._found) > self._kept:
                self._found.popitem(last=False)
        return found
