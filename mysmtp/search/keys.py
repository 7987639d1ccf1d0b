"""The keys of mails in the index: moments, so that the order of keys is the order of mails.

Pure. A key is the moment in microseconds times 16; mails that share their moment stand behind it, as close as can be.
"""

from datetime import datetime

from mysmtp.search.sheet import Sheet

LAST_KEY = 1 << 60  # of a mail; those that share its moment come behind it
_BITS = 4  # of a key, for mails of one microsecond
WIDTHS = (_BITS, 14, 24, 34, 44)  # bits of the room behind a moment, tried one after the other
_HALF_A_DAY = 43_000_000_000  # microseconds


def key_of(sheet: Sheet, mail_id: int) -> int:
    """Return the first key of a mail's moment. Of those that know a day only, each is a little after the one before."""
    if sheet.arrived is not None:
        return key_of_moment(sheet.arrived)
    try:
        noon = int(datetime.strptime(sheet.date, "%d-%m-%Y").timestamp() + 43200) * 1_000_000
    except (ValueError, OverflowError, OSError):
        noon = 0
    return key_of_moment(noon + min(mail_id, _HALF_A_DAY))


def key_of_moment(microseconds: int) -> int:
    """Return the first key of a moment."""
    return min(max(microseconds << _BITS, 0), LAST_KEY)
