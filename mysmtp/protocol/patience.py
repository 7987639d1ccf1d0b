"""Patience: how long a client may go on that makes no sense, by refusals and by commands that do no work."""

from dataclasses import dataclass

from mysmtp.protocol.reply import REFUSED


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may go on that makes no sense: `errors` REFUSED replies, then it is sent away.

    Beyond `idling` verbs that do no work without a mail in between, each counts as an error too.
    """

    errors: int = 20
    idling: int = 100
    idle_verbs: frozenset[str] = frozenset()


class Temper:
    """What is left of a session's patience."""

    __slots__ = ("_errors", "_idled", "_patience")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._errors = self._idled = 0

    def snaps(self, verb: str, mark: str, *, stored: bool) -> bool:
        """Count the answer to a verb by its mark, and whether it stored a mail; tell whether that was one too many."""
        patience = self._patience
        idle = verb in patience.idle_verbs
        self._idled = 0 if stored else self._idled + idle
        if mark == REFUSED or (idle and self._idled > patience.idling):
            self._errors += 1
        return self._errors >= patience.errors
