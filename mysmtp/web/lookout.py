"""Which sessions that pages show have something new: looked for at once for all pages that show the same.

What a session says is no news of the bus to listen to: it comes by the thousand, so it is looked for now and then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mysmtp.recorder import Recorder


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is known of a session that pages show: its version when they were told of it, and when; `since` when what

    is made of it may be given to all of them.
    """

    version: object
    at: float
    since: float


class Lookout:
    """Looks at the tapes of a recorder; each session is told of at most every `gap` seconds. Number 0 means all."""

    def __init__(self, recorder: Recorder, gap: float) -> None:
        self._recorder = recorder
        self._gap = gap
        self._shown: dict[int, _Shown] = {}

    def begin(self, session: int, now: float) -> bool:
        """Look at one more session from now on; return whether there is anything to see in it."""
        version = self._version(session)
        shown = self._shown.get(session)
        self._shown[session] = replace(shown, since=now) if shown else _Shown(version, now, now)
        return version is not None

    def told(self, session: int) -> float | None:
        """Return when it was last told of, or somebody began to listen; None if nobody listens.

        What was made of it since then may be shown until it is told of again: whatever changes later is told.
        """
        return self._shown[session].since if session in self._shown else None

    def changed(self, shown: Iterable[int], now: float) -> Sequence[int]:
        """Return those of the sessions shown that are to be told of, and forget those that are not shown any more."""
        before, self._shown, due = self._shown, {}, []
        for session in set(shown):
            version = self._version(session)
            last = before.get(session) or _Shown(version, now, now)
            if version != last.version and now - last.at >= self._gap:
                due.append(session)
                last = _Shown(version, now, now)
            self._shown[session] = last
        return due

    def _version(self, session: int) -> object:
        """Return what differs whenever there is something new to see, None where there is no such session."""
        if not session:
            return self._recorder.version
        tape = self._recorder.find(session)
        return tape.version if tape is not None else None
