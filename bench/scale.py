"""How large and how long: the figures of a real run and those of a smoke run."""

from dataclasses import dataclass

MAIL_SIZE = 1000  # octets of a body, about


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of a run: pairs a row, seconds a measured phase, mails and mailboxes there before, clients that idle."""

    pairs: int = 3
    seconds: float = 4.0
    recipients: int = 1000
    warm_mails: int = 3000
    warm_seconds: float = 1.0
    mails: int = 100_000
    boxes: int = 1000
    idle: int = 10_000
    asks: int = 4000


FULL = Scale()
QUICK = Scale(
    pairs=1, seconds=0.3, recipients=100, warm_mails=200, warm_seconds=0.1, mails=4000, boxes=100, idle=500, asks=100
)
