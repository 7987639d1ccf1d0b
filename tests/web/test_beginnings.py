"""What lists show of mails with a header: asked of the store once, for those that need it."""

from collections.abc import Mapping, Sequence

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.errors import StoreFailed
from mysmtp.store.memory import MemoryStore
from mysmtp.web.beginnings import COUNTED, READ, Beginnings
from mysmtp.web.glimpse import glimpse_of
from tests.calls import calls_of
from tests.web.letters import simple
from tests.web.posts import OddStore, message, summary

BOB = "bob@example.com"


class Asked(MemoryStore):
    """Notes what is asked of it, and may fail to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, list[int]]] = []
        self.fails = False

    def beginnings(self, mails: Mapping[str, Sequence[int]], octets: int) -> Mapping[tuple[str, int], bytes]:
        self.asked.append({name: list(ids) for name, ids in mails.items()})
        if self.fails:
            raise StoreFailed
        return super().beginnings(mails, octets)


@pytest.fixture
def asked() -> Asked:
    store = Asked()
    store.append([BOB, "carol@example.com"], message(simple("Lunch?", "At half past twelve\n", more="X: y\n" * 40)))
    store.append([BOB], message("Plain\nand short\n"))
    store.append([BOB], message("Plain\n" + "and long\n" * 100))
    return store


def shown(beginnings: Beginnings, store: MessageStore, name: str = BOB) -> list[tuple[str, str]]:
    mails = store.list(name)
    look = beginnings.look((name, mail) for mail in mails)
    return [(seen.subject, seen.snippet[:9]) for seen in (look(name, mail) for mail in mails)]


def test_the_store_is_asked_once_for_mails_with_a_header_and_for_no_others(asked: Asked) -> None:
    beginnings = Beginnings(asked)
    found = [("Lunch?", "At half p"), ("Plain", "and short"), ("Plain", "and long ")]
    assert [shown(beginnings, asked), shown(beginnings, asked)] == [found, found]
    assert asked.asked == [{BOB: [1]}]
    assert shown(beginnings, asked, "carol@example.com") == found[:1]
    assert asked.asked == [{BOB: [1]}, {"carol@example.com": [1]}]


def test_what_the_list_itself_tells_is_taken_apart_once(asked: Asked) -> None:
    beginnings = Beginnings(asked)
    assert calls_of(glimpse_of, lambda: shown(beginnings, asked)) == 3
    assert calls_of(glimpse_of, lambda: shown(beginnings, asked)) == 0


def with_files(*sizes: int) -> bytes:
    part = b"--f\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\n"
    letter = simple("Files", kind="multipart/mixed; boundary=f")
    return letter + b"".join(part + b"x" * size + b"\r\n" for size in sizes) + b"--f--\r\n"


def test_files_are_counted_in_what_is_not_too_large(asked: Asked) -> None:
    for sizes in ([10], [READ, 10], [10, COUNTED]):
        asked.append(["files@x"], message(with_files(*sizes)))
    beginnings, mails = Beginnings(asked), [("files@x", mail) for mail in asked.list("files@x")]
    counted = beginnings.look(mails)
    assert [counted(*mail).files for mail in mails] == [1, 2, None]
    assert asked.asked == [{"files@x": [1, 2, 3]}, {"files@x": [2, 3]}]
    again = beginnings.look(mails)
    assert [again(*mail).files for mail in mails] == [1, 2, None]
    assert len(asked.asked) == 2


def test_only_the_last_are_remembered(asked: Asked) -> None:
    beginnings = Beginnings(asked, kept=1)
    for name in (BOB, "carol@example.com", "carol@example.com", BOB):
        shown(beginnings, asked, name)
    assert [list(each) for each in asked.asked] == [[BOB], ["carol@example.com"], [BOB]]


def test_a_store_that_cannot_tell_leaves_what_is_known(asked: Asked) -> None:
    asked.fails = True
    beginnings = Beginnings(asked)
    assert shown(beginnings, asked)[0] == ("Lunch?", "")
    asked.fails = False
    assert shown(beginnings, asked)[0] == ("Lunch?", "At half p")
    store = OddStore()
    mail = summary(3, preview=b"Subject: x\nContent-Type: text/html\n\n<p>")
    assert Beginnings(store).look([(store.name, mail)])(store.name, mail).subject == "x"
