"""Whole mails into a store and out of it, bundle after bundle; what the store refuses is told mail by mail."""

from datetime import UTC, datetime

import pytest

from mysmtp import exchange
from mysmtp.contracts import MessageStore
from mysmtp.errors import NoSuchMailbox, StoreFailed
from mysmtp.events import Bus, Event, MessageStored
from mysmtp.parcel import MOST, Parcel
from mysmtp.store import open_store
from tests.web.posts import OddStore

MOMENT = datetime(2025, 3, 12, 9, 15, 2, 123456, tzinfo=UTC)


@pytest.fixture
def store() -> MessageStore:
    return open_store("memory:")


def test_a_mail_comes_out_as_it_went_in(store: MessageStore) -> None:
    mail = Parcel("a@x", ("Bob@x", "bob@X", "c@x"), b"\r\n.\n\0\xff", MOMENT)
    bus, heard = Bus(), list[Event]()
    bus.attach(heard.append)
    assert exchange.take_in(store, [mail, mail], bus) == ["", ""]
    for name in ("bob@x", "c@x"):
        out = exchange.give_out(store, name, 0)
        assert [(each.id, each.sender, each.recipients, each.body, each.arrived) for each in out] == [
            (number, mail.sender, mail.recipients, mail.body, MOMENT) for number in (1, 2)
        ]
    assert heard[:2] == [MessageStored(0, "bob@x", 1, 6), MessageStored(0, "c@x", 1, 6)]
    trace = store.read("c@x", 2).trace
    assert trace is not None
    assert trace.via == "import"


def test_a_mail_that_tells_no_moment_came_now(store: MessageStore) -> None:
    before = datetime.now(UTC)
    exchange.take_in(store, [Parcel("", ("b@x",), b"")])
    (out,) = exchange.give_out(store, "b@x", 0)
    assert out.arrived is not None
    assert before <= out.arrived <= datetime.now(UTC)


def test_mails_come_out_in_bundles(store: MessageStore) -> None:
    exchange.take_in(store, [Parcel("", ("b@x",), b"%d" % number, MOMENT) for number in range(MOST + 3)])
    store.delete("b@x", [2, MOST + 2])
    first = exchange.give_out(store, "b@x", 0)
    assert [each.id for each in first] == [1, *range(3, MOST + 2)]
    assert [each.id for each in exchange.give_out(store, "b@x", first[-1].id)] == [MOST + 3]
    assert exchange.give_out(store, "b@x", MOST + 3) == []
    with pytest.raises(NoSuchMailbox):
        exchange.give_out(store, "nobody@x", 0)


def test_foreign_and_damaged_mails() -> None:
    out = exchange.give_out(OddStore(), OddStore.name, 0)
    assert [(each.id, each.sender, each.recipients) for each in out] == [(1, "", ()), (3, "a@x", ("odd@example.com",))]


def test_what_is_refused_is_told_for_each_mail(store: MessageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    submit = store.submit

    def sometimes(mailboxes: list[str], *more: object) -> object:
        if mailboxes[0] == "full@x":
            raise StoreFailed from OSError(28, "No space left on device")
        if mailboxes[0] == "name@x":
            raise StoreFailed from ValueError("a mailbox needs a name")
        return submit(mailboxes, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "submit", sometimes)
    mails = [Parcel("", (name,), b"x") for name in ("b@x", "name@x", "full@x", "b@x")]
    assert exchange.take_in(store, mails) == [
        "", "no mailbox can have that name: a mailbox needs a name",
        "500 Failed to store message: No space left on device", "",
    ]  # fmt: skip
    assert len(store.list("b@x")) == 2


def test_a_mail_for_very_many_is_not_taken(store: MessageStore) -> None:
    parcels = [Parcel("a@x", tuple(f"{number}@x" for number in range(count)), b"hi\n") for count in (1000, 1001)]
    assert exchange.take_in(store, parcels) == ["", "it is for 1,001 mailboxes; one mail goes to 1,000 at most"]
    assert len(store.mailboxes()) == 1000
