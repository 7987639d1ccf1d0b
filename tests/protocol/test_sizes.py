"""The memory of sizes: of which mails it knows them, and that it is bounded."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mysmtp.message import MailSummary
from mysmtp.protocol.sizes import Measured, Sizes

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def mail(mail_id: int, arrived: datetime | None = NOON) -> MailSummary:
    return MailSummary(mail_id, "a@x", "02-01-2026", arrived, 5, b"")


def measured(mails: Sequence[MailSummary]) -> Measured:
    known = Measured()
    for each in mails:
        known.add(each, 10 * each.id)
    return known


def test_the_very_mail_is_known_again() -> None:
    known = measured([mail(2), mail(3), mail(7)])
    assert [known.find(mail(number)) for number in range(1, 9)] == [None, 20, 30, None, None, None, 70, None]


def test_the_same_id_at_another_moment_is_another_mail() -> None:
    assert measured([mail(1)]).find(mail(1, NOON + timedelta(microseconds=1))) is None


def test_a_mail_of_no_known_moment_is_never_known_for_its_file_may_have_been_edited() -> None:
    assert measured([mail(1, None)]).find(mail(1, None)) is None


def test_what_nobody_asked_for_the_longest_is_forgotten_first() -> None:
    sizes = Sizes(most=4)
    for name in ("a", "b"):
        sizes.remember(name, measured([mail(1), mail(2)]))
    sizes.of("a")
    sizes.remember("c", measured([mail(1)]))
    assert [len(sizes.of(name)) for name in ("a", "b", "c")] == [2, 0, 1]
    sizes.remember("c", measured([mail(1), mail(2)]))
    assert [len(sizes.of(name)) for name in ("a", "b", "c")] == [2, 0, 2]
    sizes.remember("d", measured([mail(number) for number in range(1, 6)]))
    assert [len(sizes.of(name)) for name in ("a", "b", "c", "d")] == [0, 0, 0, 0]
