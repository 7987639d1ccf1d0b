"""What entries are made of: what is kept of long octets, and what an entry is."""

from hypothesis import given
from hypothesis import strategies as st

from mysmtp.entry import BODY, CLIENT, SERVER, TAIL_KEPT, TLS, Cut, Note, Odd, Told, done, parts_of


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=9))
def test_of_what_is_cut_the_length_and_the_end_are_kept_however_it_comes(pieces: list[bytes]) -> None:
    whole, cut = b"".join(pieces), Cut(pieces[0])
    for piece in pieces[1:]:
        cut.grow(piece)
    assert (cut.length, cut.tail) == (len(whole), whole[-TAIL_KEPT:])


def test_a_row_is_what_came_or_what_was_said_or_both() -> None:
    refused = Note("x", "DATA", "greeted", "greeted", Told("OutOfOrder"))
    for kind in (CLIENT, BODY, TLS):
        assert parts_of(b"came", b"", kind) == ((b"came", Odd(kind)),)
    assert parts_of(b"", b"said", refused) == ((b"said", Odd(SERVER, note=refused)),)
    assert parts_of(b"came", b"said", refused) == ((b"came", Odd(CLIENT)), (b"said", Odd(SERVER, note=refused)))


def test_what_takes_more_to_say_is_one_entry_as_it_is() -> None:
    masked, cut = Odd(CLIENT, masked=True), Odd(SERVER, Cut(b"x"), note=Note("x"))
    assert parts_of(b"AUTH ****", b"", masked) == ((b"AUTH ****", masked),)
    assert parts_of(b"", b"said", cut) == ((b"said", cut),)


def test_the_note_to_a_command_that_was_simply_done_is_made_once() -> None:
    assert done("HELO", "initial", "greeted") == Note("", "HELO", "initial", "greeted")
    assert done("HELO", "initial", "greeted") is done("HELO", "initial", "greeted")
