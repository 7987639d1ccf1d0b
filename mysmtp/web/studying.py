"""What was made of the sessions that pages show, kept while they are open, so that only what is new is looked at."""

from collections import OrderedDict

from mysmtp.inspector.protocols import Known
from mysmtp.inspector.study import Study
from mysmtp.tape import Tape

KEPT = 32  # sessions


class Studies:
    """The studies of the sessions that were looked at last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Tape, Study]] = OrderedDict()

    def of(self, tape: Tape, known: Known) -> Study:
        """Return the study of a tape, up to its newest entry."""
        kept, study = self._kept.pop(tape.session, (None, None))
        if kept is not tape or study is None:
            study = Study(known)
        self._kept[tape.session] = tape, study
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return study.read(tape)
