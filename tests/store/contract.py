"""What every store promises, whatever it keeps mail in: inherit from StoreContract and give the fixture `any_store`."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from mysmtp.contracts import MessageStore
from mysmtp.errors import NoSuchMail, NoSuchMailbox, StoreFailed
from mysmtp.listing import row_of
from mysmtp.message import Envelope, Gathered, Trace
from mysmtp.powers import Counting, Expiring, Followed, Gathering, Marking, Previewing
from tests.store.mails import BOB, SPEC_BODY, mail


class StoreContract:
    """The tests of `contracts.MessageStore`."""

    def test_a_mail_comes_back_as_it_was_given(self, any_store: MessageStore) -> None:
        trace = Trace("my_smtp", 3, "127.0.0.1:4711", "example.com", "1230")
        message = mail(paths=["Bob@Example.com"])._replace(trace=trace)
        assert list(any_store.append([BOB], message)) == [1]
        got = any_store.read(BOB, 1)
        assert got.body == SPEC_BODY
        assert got.envelope == Envelope("alice@example.com", ("Bob@Example.com",))
        assert got.trace == trace
        assert got.checksum == "b0aba0c9"
        assert (got.summary.id, got.summary.sender, got.summary.size) == (1, "alice@example.com", 33)
        assert got.summary.arrived == datetime(2025, 3, 12, 9, 15, 2, 123456, tzinfo=UTC)
        assert got.summary.preview == SPEC_BODY

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\n",
            b"x",
            b"a\r\nb",
            b"\0\xff\r",
            b"===END_EMAIL===\n",
            b">===START_EMAIL===",
            bytes(range(256)) * 999,
        ],
    )
    def test_bodies_are_kept_to_the_byte(self, any_store: MessageStore, body: bytes) -> None:
        any_store.append([BOB], mail(body))
        assert any_store.read(BOB, 1).body == body
        (summary,) = any_store.list(BOB)
        assert (summary.size, summary.preview) == (len(body), body[:200])

    def test_each_mailbox_gets_its_copy_and_counts_for_itself(self, any_store: MessageStore) -> None:
        any_store.append(["a@x"], mail(b"1"))
        assert list(any_store.append(["b@x", "a@x"], mail(b"2"))) == [1, 2]
        assert [each.id for each in any_store.list("a@x")] == [1, 2]
        assert [each.name for each in any_store.mailboxes()] == ["a@x", "b@x"]

    def test_a_summary_tells_the_mailbox_in_short(self, any_store: MessageStore) -> None:
        for body in (b"12", b"345", b"6"):
            any_store.append([BOB], mail(body))
        any_store.delete(BOB, [3])
        got = any_store.summary(BOB)
        assert (got.name, got.mails, got.size, got.last_id, tuple(got.damage)) == (BOB, 2, 5, 3, ())
        assert got.newest == any_store.list(BOB)[-1]
        assert list(any_store.mailboxes()) == [got]

    def test_what_is_not_there(self, any_store: MessageStore) -> None:
        for ask in (any_store.summary, any_store.list):
            with pytest.raises(NoSuchMailbox):
                ask(BOB)
        for change in (any_store.delete, any_store.restore):
            with pytest.raises(NoSuchMailbox):
                change(BOB, [1])
        with pytest.raises(NoSuchMailbox):
            any_store.read(BOB, 1)
        any_store.append([BOB], mail())
        for mail_id in (0, 2, -1, 10**30):
            with pytest.raises(NoSuchMail):
                any_store.read(BOB, mail_id)

    def test_deleting_and_undoing_it(self, any_store: MessageStore) -> None:
        for body in (b"1", b"2", b"3"):
            any_store.append([BOB], mail(body))
        assert list(any_store.delete(BOB, [3, 1, 1, 9])) == [3, 1]
        assert list(any_store.delete(BOB, [1])) == []
        assert [each.id for each in any_store.list(BOB)] == [2]
        with pytest.raises(NoSuchMail):
            any_store.read(BOB, 3)
        assert list(any_store.append([BOB], mail(b"4"))) == [4]
        assert list(any_store.restore(BOB, [1, 2, 3])) == [1, 3]
        assert [any_store.read(BOB, each.id).body for each in any_store.list(BOB)] == [b"1", b"2", b"3", b"4"]

    def test_a_mailbox_without_mails_is_still_one(self, any_store: MessageStore) -> None:
        any_store.append([BOB], mail())
        any_store.delete(BOB, [1])
        assert list(any_store.list(BOB)) == []
        got = any_store.summary(BOB)
        assert (got.mails, got.size, got.last_id, got.newest) == (0, 0, 1, None)

    def test_the_contents_are_the_rows_of_the_list(self, any_store: MessageStore) -> None:
        def rows() -> bytes:
            return b"".join(map(row_of, any_store.list(BOB)))

        with pytest.raises(NoSuchMailbox):
            any_store.contents(BOB)
        any_store.append([BOB], mail())
        assert any_store.contents(BOB) == b"1: Email from alice@example.com (12-03-2025)\n" == rows()
        any_store.append([BOB], mail(sender=""))
        any_store.append([BOB], mail(sender="\udcff@x"))
        assert any_store.contents(BOB).count(b"\n") == 3
        assert any_store.contents(BOB) == rows()
        any_store.delete(BOB, [2])
        assert any_store.contents(BOB) == rows()
        any_store.append([BOB], mail())
        any_store.restore(BOB, [2])
        assert any_store.contents(BOB).count(b"\n") == 4
        assert any_store.contents(BOB) == rows()
        any_store.delete(BOB, [1, 2, 3, 4])
        assert any_store.contents(BOB) == b""

    def test_a_list_stays_as_it_is_and_is_a_sequence(self, any_store: MessageStore) -> None:
        for number in range(5):
            any_store.append([BOB], mail(b"%d" % number * 300))
        got = any_store.list(BOB)
        any_store.append([BOB], mail())
        any_store.delete(BOB, [2])
        whole = list(got)
        assert [(each.id, each.preview) for each in whole] == [(n + 1, b"%d" % n * 200) for n in range(5)]
        assert len(got) == 5
        assert [got[at] for at in range(-5, 5)] == whole * 2
        assert list(got[1:-1]) == whole[1:-1]
        assert list(got[::-2]) == whole[::-2]
        assert list(reversed(got)) == whole[::-1]
        for beyond in (5, -6):
            with pytest.raises(IndexError):
                got[beyond]

    def test_marks_tell_what_is_new(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Marking)
        for ask in (any_store.unseen, lambda name: any_store.mark(name, None, True)):
            with pytest.raises(NoSuchMailbox):
                ask(BOB)
        for body in (b"1", b"2", b"3", b"4"):
            any_store.append([BOB], mail(body))
        assert [each.seen for each in any_store.list(BOB)] == [False] * 4
        assert list(any_store.mark(BOB, [3, 1, 1, 9], True)) == [3, 1]
        assert list(any_store.mark(BOB, [1, 2], True)) == [2]
        assert [each.seen for each in any_store.list(BOB)] == [True, True, True, False]
        assert (any_store.read(BOB, 3).summary.seen, any_store.read(BOB, 4).summary.seen) == (True, False)
        assert list(any_store.unseen(BOB)) == [4]
        assert [each.unseen for each in any_store.mailboxes()] == [1]
        any_store.delete(BOB, [4, 3])
        assert (any_store.summary(BOB).unseen, list(any_store.unseen(BOB))) == (0, [])
        assert list(any_store.mark(BOB, [4], True)) == []
        any_store.restore(BOB, [3, 4])
        assert [each.seen for each in any_store.list(BOB)] == [True, True, True, False]
        assert list(any_store.mark(BOB, None, False)) == [1, 2, 3]
        assert any_store.summary(BOB).unseen == 4
        assert list(any_store.mark(BOB, None, True)) == [1, 2, 3, 4]
        assert [each.unseen for each in any_store.mailboxes()] == [0]

    def test_marks_of_many_mailboxes_are_told_at_once(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Marking)
        for name in (BOB, BOB, BOB, "a@x", "b@x"):
            any_store.append([name], mail())
        any_store.mark(BOB, [2], True)
        any_store.mark("b@x", None, True)
        any_store.delete("a@x", [1])
        asked = {BOB: [3, 2, 1, 9], "a@x": [1], "b@x": [1], "nobody@x": [1], BOB.upper(): [2, 3]}
        found = any_store.unseen_among(asked)
        assert {name: list(ids) for name, ids in found.items()} == {BOB: [3, 1], "a@x": [], "b@x": [], BOB.upper(): [3]}

    def test_a_follower_learns_what_came_and_what_went(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Followed)
        assert any_store.states() == {}
        with pytest.raises(NoSuchMailbox):
            any_store.changes(BOB, None)
        any_store.append([BOB, "a@x"], mail(b"1"))
        any_store.append([BOB], mail(b"2"))
        first = any_store.changes(BOB, None)
        assert (list(first.came), list(first.gone), first.whole, first.waiting) == ([1, 2], [], True, 0)
        assert any_store.states()[BOB] == first.state
        assert set(any_store.states()) == {BOB, "a@x"}
        any_store.append([BOB], mail(b"3"))
        assert any_store.states()[BOB] != first.state
        second = any_store.changes(BOB, first.mark)
        assert (list(second.came), list(second.gone), second.whole) == ([3], [], False)
        any_store.delete(BOB, [1, 3])
        third = any_store.changes(BOB, second.mark)
        assert (list(third.came), list(third.gone), third.whole) == ([], [1, 3], False)
        any_store.restore(BOB, [3])
        any_store.append([BOB], mail(b"4"))
        fourth = any_store.changes(BOB, third.mark)
        assert (list(fourth.came), list(fourth.gone), fourth.whole) == ([3, 4], [], False)
        assert list(any_store.changes(BOB, None).came) == [2, 3, 4]
        assert (list(any_store.changes(BOB, fourth.mark).came), fourth.state) == ([], any_store.states()[BOB])

    def test_mails_are_read_many_at_once_with_their_prints(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Followed)
        for body in (b"1" * 50, b"2" * 50, b"3" * 50):
            any_store.append([BOB], mail(body))
        any_store.delete(BOB, [2])
        found = any_store.read_some(BOB, [3, 2, 1, 9], 1000)
        mails = [each[0] if each else None for each in found]
        assert mails == [any_store.read(BOB, 3), None, any_store.read(BOB, 1), None]
        assert any_store.prints(BOB, [1, 2, 3, 9]) == {each[0].summary.id: each[1] for each in found if each}
        assert len(set(any_store.prints(BOB, [1, 3]).values())) == 2

    def test_what_is_too_old_to_be_kept(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Expiring)
        with pytest.raises(NoSuchMailbox):
            any_store.outdated(BOB, None, 1)
        began = mail().arrived
        for hours in (5, 1, 2, 0, 3):
            any_store.append([BOB], mail()._replace(arrived=began + timedelta(hours=hours)))
        assert list(any_store.outdated(BOB, None, None)) == []
        assert list(any_store.outdated(BOB, None, 2)) == [1, 2, 3]
        assert list(any_store.outdated(BOB, None, 9)) == []
        assert list(any_store.outdated(BOB, began + timedelta(hours=2), None)) == [2, 4]
        assert list(any_store.outdated(BOB, began + timedelta(hours=2), 4)) == [1, 2, 4]
        any_store.delete(BOB, [1, 4])
        assert list(any_store.outdated(BOB, began + timedelta(hours=2), 2)) == [2]

    def test_new_mails_are_counted_as_the_mailboxes_have_them(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Counting)
        assert isinstance(any_store, Marking)

        def both() -> list[tuple[str, int]]:
            counted = [(name, unseen) for name, unseen in any_store.counts()]
            assert counted == [(each.name, each.unseen) for each in any_store.mailboxes()]
            return counted

        assert both() == []
        for _ in range(3):
            any_store.append(["carol@x", BOB], mail())
            any_store.append([BOB], mail())
            both()
        assert both() == [(BOB, 6), ("carol@x", 3)]
        any_store.mark(BOB, [1, 2], seen=True)
        any_store.delete(BOB, [2, 3])
        assert both() == [(BOB, 3), ("carol@x", 3)]
        any_store.restore(BOB, [2, 3])
        any_store.mark("carol@x", None, seen=True)
        assert both() == [(BOB, 4), ("carol@x", 0)]

    def test_the_mails_of_all_mailboxes_are_one_list(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Gathering)
        assert any_store.gather(5) == Gathered((), 0, 0)
        for number in range(12):
            moment = mail().arrived + timedelta(seconds=number // 2)
            any_store.append([f"box{number * 7 % 3}@x"], mail(b"%d" % number)._replace(arrived=moment))
        every = any_store.gather(20)
        ranks = [rank for rank, _ in every.mails]
        assert ranks == sorted(ranks, reverse=True)
        assert (len(ranks), every.above, every.total) == (12, 0, 12)
        assert [each.preview for _, each in every.mails][:2] == [b"11", b"10"]
        for rank, each in every.mails:
            assert any_store.read(rank.mailbox, rank.id).summary == each
            assert any_store.rank(rank.mailbox, rank.id) == rank
        assert list(every.boxes) == list(any_store.mailboxes())
        newest = ranks[0]
        any_store.delete(newest.mailbox, [newest.id])
        assert any_store.gather(1).mails[0][0] == ranks[1]
        any_store.restore(newest.mailbox, [newest.id])
        assert any_store.gather(1).mails[0][0] == newest
        first = any_store.gather(5)
        second = any_store.gather(5, below=first.mails[-1][0])
        third = any_store.gather(5, below=second.mails[-1][0])
        assert [*first.mails, *second.mails, *third.mails] == list(every.mails)
        assert [each.above for each in (first, second, third)] == [0, 5, 10]
        assert any_store.gather(5, above=third.mails[0][0]) == second
        assert any_store.gather(5, above=second.mails[0][0]) == first
        assert any_store.gather(5, above=second.mails[2][0]).mails == every.mails[2:7]
        assert any_store.gather(5, above=first.mails[1][0]) == first
        gone = second.mails[1][0]
        any_store.delete(gone.mailbox, [gone.id])
        again = any_store.gather(5, below=first.mails[-1][0])
        assert [rank for rank, _ in again.mails] == [rank for rank in ranks[5:11] if rank != gone]
        assert (again.above, again.total) == (5, 11)
        assert any_store.gather(5, below=gone).mails == every.mails[7:12]
        with pytest.raises(NoSuchMail):
            any_store.rank(gone.mailbox, gone.id)
        with pytest.raises(NoSuchMailbox):
            any_store.rank("nobody@x", 1)

    def test_how_mails_begin_is_told_without_reading_them_whole(self, any_store: MessageStore) -> None:
        assert isinstance(any_store, Previewing)
        body = b"===END_EMAIL===\r\n" * 30 + b"tail\n" * 2000
        for octets in (body, b"short", b""):
            any_store.append([BOB, "carol@x"], mail(octets))
        any_store.delete("carol@x", [2])
        found = any_store.beginnings({"Bob@example.com": [1, 2, 9], "carol@x": [2, 3], "nobody@x": [1]}, 1000)
        assert found == {("Bob@example.com", 1): body[:1000], ("Bob@example.com", 2): b"short", ("carol@x", 3): b""}

    def test_the_null_sender_is_listed_as_brackets(self, any_store: MessageStore) -> None:
        any_store.append([BOB], mail(sender=""))
        assert any_store.list(BOB)[0].sender == "<>"
        envelope = any_store.read(BOB, 1).envelope
        assert envelope is not None
        assert envelope.reverse_path == ""

    def test_names_are_compared_without_ascii_case(self, any_store: MessageStore) -> None:
        any_store.append(["Bob@Example.COM"], mail())
        assert len(any_store.list(BOB)) == 1
        any_store.append(["É@x"], mail())
        with pytest.raises(NoSuchMailbox):
            any_store.list("é@x")

    def test_a_mailbox_needs_a_name(self, any_store: MessageStore) -> None:
        with pytest.raises(StoreFailed):
            any_store.append([BOB, ""], mail())
        with pytest.raises(NoSuchMailbox):
            any_store.list("")
        with pytest.raises(NoSuchMailbox):
            any_store.list(BOB)

    def test_many_at_once_lose_nothing(self, any_store: MessageStore) -> None:
        def deliver(sender: int) -> None:
            for number in range(20):
                text = b"%d/%d\n" % (sender, number)
                any_store.append([f"box{(sender + number) % 3}", "all"], mail(text * (1 + sender * number * 7 % 90)))

        threads = [threading.Thread(target=deliver, args=(sender,)) for sender in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        boxes = {each.name: each.mails for each in any_store.mailboxes()}
        assert boxes["all"] == 320 == boxes["box0"] + boxes["box1"] + boxes["box2"]
        for name, mails in boxes.items():
            assert [each.id for each in any_store.list(name)] == list(range(1, mails + 1))
        bodies = [any_store.read("all", number).body for number in range(1, 321)]
        assert len({body.split(b"\n")[0] for body in bodies}) == 320
        assert all(len(set(body.splitlines())) == 1 for body in bodies)
