"""Which sessions that pages show have something new: looked for at once for all pages that show the same.

What a session says is no news of the bus to listen to: it comes by the thousand, so it is looked for now and then.
"""

from collections.abc import Iterable, Sequence

from mysmtp.recorder import Recorder


class Lookout:
    """Looks at the tapes of a recorder; each session is told of at most every `gap` seconds. Number 0 means all."""

    def __init__(self, recorder: Recorder, gap: float) -> None:
        self._recorder = recorder
        self._gap = gap
        self._told: dict[int, tuple[object, float]] = {}

    def begin(self, session: int, now: float) -> bool:
        """Look at one more session from now on; return whether there is anything to see in it."""
        version = self._version(session)
        known, _ = self._told.get(session, (version, now))
        self._told[session] = known, now
        return version is not None

    def told(self, session: int) -> float | None:
        """Return when it was last told of, or somebody began to listen; None if nobody listens.

        What was made of it since then may be shown until it is told of again: whatever changes later is told.
        """
        return self._told[session][1] if session in self._told else None

    def changed(self, shown: Iterable[int], now: float) -> Sequence[int]:
        """Return those of the sessions shown that are to be told of, and forget those that are not shown any more."""
        before, self._told, due = self._told, {}, []
        for session in set(shown):
            version = self._version(session)
            known, at = before.get(session, (version, now))
            if version != known and now - at >= self._gap:
                due.append(session)
                known, at = version, now
            self._told[session] = known, at
        return due

    def _version(self, session: int) -> object:
        """Return what differs whenever there is something new to see, None where there is no such session."""
        if not session:
            return self._recorder.version
        tape = self._recorder.find(session)
        return tape.version if tape is not None else None
