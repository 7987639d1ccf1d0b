import pytest

from mysmtp.web.deeds import Deed, Deeds, Kind, deed_of, deed_words


def test_deeds_are_found_by_token() -> None:
    deeds = Deeds()
    deed = deed_of("deleted", {"bob": [1, 2]})
    token = deeds.remember(deed)
    assert deeds.find(token) is deed
    assert deeds.find("other") is None
    deeds.forget(token)
    assert deeds.find(token) is None


def test_the_oldest_deeds_are_forgotten() -> None:
    deeds = Deeds(kept=2)
    tokens = [deeds.remember(deed_of("deleted", {"bob": [number]})) for number in range(3)]
    assert [deeds.find(token) is not None for token in tokens] == [False, True, True]


def test_what_a_deed_was_done_to() -> None:
    deed = deed_of("seen", {"bob": [1, 9, 2], "carol": [], "dora": [4]})
    assert deed.mails == (("bob", (1, 9, 2)), ("dora", (4,)))
    assert (deed.count, deed.newest) == (4, None)
    assert deed_of("seen", {"bob": [1, 9, 2]}).newest == ("bob", 9)
    assert deed_of("seen", {}).newest is None


@pytest.mark.parametrize(
    ("kind", "ids", "missed", "words"),
    [
        ("deleted", [14], 0, "Deleted mail 14"),
        ("deleted", range(1204), 0, "Deleted 1,204 mails"),
        ("deleted", [], 0, "Nothing deleted: it was gone already"),
        ("restored", [14], 0, "Mail 14 is back"),
        ("restored", [1, 2], 3, "2 mails are back, 3 could not be put back"),
        ("restored", [], 1, "Nothing put back: the space is reclaimed, or it was back already"),
        ("seen", [14], 0, "Marked mail 14 read"),
        ("seen", [], 0, "Nothing marked: read already"),
        ("new", [1, 2], 0, "Marked 2 mails new"),
        ("new", [], 0, "Nothing marked: new already"),
    ],
)
def test_a_deed_in_words(kind: Kind, ids: list[int], missed: int, words: str) -> None:
    assert deed_words(Deed(kind, (("bob", tuple(ids)),) if ids else (), missed)) == words
