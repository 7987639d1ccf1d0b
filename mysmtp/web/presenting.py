"""Pure words for people: sizes, counts, times, and text from a mail made fit to stand on a page.

Everything that came from a mail or a peer goes through `plain` here. Knows no route, no template and no store.
"""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from markupsafe import Markup, escape

from mysmtp.text import visible
from mysmtp.wire import ESCAPE

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # not strftime: that would follow the machine's locale
TITLE_LENGTH = 160
NOBODY = "<>"  # how the null sender is shown
_ESCAPED = Markup('<span class="esc">\\{}</span>')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class When:
    """A moment or a day: machine-readable for `<time datetime>`, short to show, in full, and as exact as known."""

    iso: str
    text: str
    full: str
    exact: str


def size_words(octets: int) -> str:
    """Return a size in units of 1000: ``412 B``, ``2.1 kB``, ``84 kB``, ``1.2 MB``."""
    value = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        shown = f"{value:.1f}" if unit != "B" and value < 9.95 else f"{value:.0f}"
        if float(shown) < 1000:
            return f"{shown} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def count_words(number: int, one: str, many: str = "") -> str:
    """Return a counted thing: ``1 mail``, ``1,204 mails``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def file_words(files: int | None) -> str:
    """Return how many files are attached, ``""`` for none; None: some, which nobody counted."""
    return "files" if files is None else count_words(files, "file") if files else ""


def unparted(spelled: str) -> Markup:
    """Return spelled octets as HTML in which no line ends within an escape."""
    if "\\" not in spelled:
        return escape(spelled)
    pieces = ESCAPE.split(spelled)  # what stands between them, and the name of each, in turn
    return Markup("").join(_ESCAPED.format(each) if at % 2 else each for at, each in enumerate(pieces))


def plain(text: str, keep: str = "") -> str:
    """Return what `visible` returns, quickly for long text: each distinct character is looked at once."""
    if text.isascii() and text.isprintable():
        return text
    table = {ord(char): shown for char in set(text) if (shown := visible(char, keep)) != char}
    return text.translate(table) if table else text


def opened(octets: bytes, cut: bool) -> str:
    """Return octets as text with line ends as ``\\n``; of a `cut` piece, a character that lacks its end is left out."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    return decoder.decode(octets, not cut).replace("\r\n", "\n")


def first_words(octets: bytes, cut: bool) -> tuple[str, str]:
    """Return the first line that holds anything, and what follows it as one line; both may be empty."""
    lines = [line.strip(" \t\r") for line in opened(octets, cut).split("\n")]
    filled = [line for line in lines if line]
    return plain(filled[0], "\t") if filled else "", plain(" ".join(filled[1:]), "\t")


def title_of(body: bytes) -> str:
    """Return the title of a mail without headers: its first line, cut where it would stop being a title."""
    line, _ = first_words(body[:4000], len(body) > 4000)
    return line if len(line) <= TITLE_LENGTH else line[:TITLE_LENGTH] + "…"


def sender_words(sender: str) -> str:
    """Return a sender as shown; the null sender is ``<>``."""
    return plain(sender) or NOBODY


def day_of(dotted: str) -> date | None:
    """Return the day that a mailbox file's ``dd-mm-yyyy`` means, None if it means none."""
    try:
        return datetime.strptime(dotted, "%d-%m-%Y").date()
    except ValueError:
        return None


def joined(words: Iterable[str]) -> str:
    """Return words as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def microseconds(moment: datetime | None) -> int | None:
    """Return a moment (aware) as microseconds since 1970, as `message.Rank` has it."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Clock:
    """Presents moments as seen at `now` (aware) from `zone`; None is the zone of this machine."""

    now: datetime
    zone: tzinfo | None = None

    def local(self, moment: datetime) -> datetime:
        """Return an aware moment in local time."""
        return moment.astimezone(self.zone)

    @property
    def today(self) -> date:
        """The local day."""
        return self.local(self.now).date()

    def heading(self, day: date) -> str:
        """Return a day as it stands over its mails."""
        words = f"{day.day} {MONTHS[day.month - 1]}"
        if day == self.today:
            return "Today"
        return f"Yesterday, {words}" if day == self.today - timedelta(days=1) else f"{words} {day.year}"

    def time(self, arrived: datetime | None) -> When | None:
        """Return the time of day, to stand under a day's heading; None where only the day is known."""
        if arrived is None:
            return None
        local = self.local(arrived)
        return _when(local, f"{local:%H:%M:%S}")

    def when(self, arrived: datetime | None, dotted: str) -> When | None:
        """Return a time if it was today, else a day; None if neither is known."""
        if arrived is not None:
            local = self.local(arrived)
            text = local.strftime("%H:%M:%S") if local.date() == self.today else short_day(local.date())
            return _when(local, text)
        day = day_of(dotted)
        words = short_day(day) if day else ""
        return When(day.isoformat(), words, words, words) if day else None

    def full(self, arrived: datetime | None, dotted: str) -> When | None:
        """Return the whole date and time as far as known."""
        found = self.when(arrived, dotted)
        return When(found.iso, found.full, found.full, found.exact) if found else None


def short_day(day: date) -> str:
    """Return ``22 Nov 2026``."""
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def full_words(local: datetime) -> str:
    """Return ``Mon 23 Nov 2026, 14:03:22``."""
    return f"{DAYS[local.weekday()]} {short_day(local.date())}, {local:%H:%M:%S}"


def _when(local: datetime, text: str) -> When:
    """Return an aware moment to be shown as `text`; exactly it is ``Mon 23 Nov 2026, 14:03:22.418 +01:00``."""
    full, fraction_and_zone = full_words(local), local.isoformat(timespec="milliseconds")[19:]
    return When(local.isoformat(), text, full, f"{full}{fraction_and_zone[:4]} {fraction_and_zone[4:]}")


def door_name(door: str) -> str:
    """Return a mail port by the name of its protocol: ``my_smtps`` is ``My_SMTPS``."""
    return door.upper().replace("MY_", "My_")
