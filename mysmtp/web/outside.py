"""What others do to the mailboxes while pages are open: a mail appended to a file, a file replaced or removed."""

from collections.abc import Mapping, Sequence

from mysmtp.contracts import MessageStore
from mysmtp.errors import StoreFailed
from mysmtp.powers import Followed


class Outside:
    """Looks at a store and tells which mailboxes are not as they were at the last look.

    What this process itself has done is among them: to tell that apart would be to trust that nobody did more.
    """

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._states: Mapping[str, str] | None = None

    def look(self) -> Sequence[str]:
        """Return the mailboxes that have changed; none at the first look, or of a store that cannot be followed."""
        if not isinstance(self._store, Followed):
            return ()
        try:
            now = self._store.states()
        except StoreFailed:
            return ()  # that is told as a trouble
        was, self._states = self._states, now
        if was is None:
            return ()
        return [name for name in {**was, **now} if was.get(name) != now.get(name)]
