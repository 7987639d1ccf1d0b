"""What entries are made of: what is kept of long octets, and what an entry is."""

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.entry import BODY, CLIENT, NOTHING, SERVER, TAIL_KEPT, TLS, Cut, Note, Odd, Told, done, kind_of, note_of


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=9))
def test_of_what_is_cut_the_length_and_the_end_are_kept_however_it_comes(pieces: list[bytes]) -> None:
    whole, cut = b"".join(pieces), Cut(pieces[0])
    for piece in pieces[1:]:
        cut.grow(piece)
    assert (cut.length, cut.tail) == (len(whole), whole[-TAIL_KEPT:])


def test_an_entry_is_its_kind_or_the_note_to_a_reply_or_odd() -> None:
    refused = Note("x", "DATA", "greeted", "greeted", Told("OutOfOrder"))
    for what, kind, note in (
        (CLIENT, CLIENT, NOTHING), (BODY, BODY, NOTHING), (TLS, TLS, NOTHING), (refused, SERVER, refused),
        (Odd(CLIENT, masked=True), CLIENT, NOTHING), (Odd(SERVER, Cut(b"x"), note=refused), SERVER, NOTHING),
    ):  # fmt: skip
        assert (kind_of(what), note_of(what)) == (kind, note)


def test_the_note_to_a_command_that_was_simply_done_is_made_once() -> None:
    assert done("HELO", "initial", "greeted") == Note("", "HELO", "initial", "greeted")
    assert done("HELO", "initial", "greeted") is done("HELO", "initial", "greeted")
