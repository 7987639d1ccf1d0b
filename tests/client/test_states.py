import pytest

from mysmtp.client.states import (
    DELIVERED,
    GREETED,
    INITIAL,
    RECIPIENT,
    SENDER,
    STATES,
    VERBS,
    allowed_in,
    argument_of,
    next_step,
    original_form,
    shape,
    verb_of,
)

#         HELO MAIL RCPT DATA LIST GET QUIT
GRID = """
initial    +    .    .    .    .    .    +
greeted    +    +    .    .    +    +    +
sender     +    +    +    .    +    +    +
recipient  +    +    +    +    +    +    +
delivered  +    .    .    .    +    +    +
"""
ORDER = ("HELO", "MAIL FROM", "RCPT TO", "DATA", "LIST", "GET_MAIL", "QUIT")


def test_the_table_is_the_documents() -> None:
    for state, row in zip(STATES, GRID.strip().splitlines(), strict=True):
        word, *cells = row.split()
        assert state.name.startswith(word)
        names = [name for name, cell in zip(ORDER, cells, strict=True) if cell == "+"]
        assert [verb.name for verb in allowed_in(state)] == names, state


def test_where_verbs_lead() -> None:
    after = {verb.name: verb.after for verb in VERBS}
    assert after == {
        "HELO": GREETED, "MAIL FROM": SENDER, "RCPT TO": RECIPIENT, "DATA": DELIVERED,
        "LIST": None, "GET_MAIL": None, "QUIT": None,
    }  # fmt: skip


def test_the_next_step() -> None:
    steps = [(INITIAL, "HELO"), (GREETED, "MAIL FROM"), (SENDER, "RCPT TO"), (RECIPIENT, "DATA"), (DELIVERED, "HELO")]
    for state, verb in steps:
        assert next_step(state).name == verb


@pytest.mark.parametrize(
    ("typed", "verb", "argument", "original"),
    [
        ("helo example.com", "HELO", "example.com", "HELO example.com"),
        ("  mail  from : a@x ", "MAIL FROM", "a@x", "MAIL FROM: a@x"),
        ("MAIL FROM:<a@x>", "MAIL FROM", "<a@x>", "MAIL FROM: <a@x>"),
        ("rcpt to:b@x", "RCPT TO", "b@x", "RCPT TO: b@x"),
        ("RCPT b@x", "RCPT TO", "b@x", "RCPT b@x"),
        ("get_mail  b@x   7 ", "GET_MAIL", "b@x   7", "GET_MAIL b@x 7"),
        ("list bob", "LIST", "bob", "LIST bob"),
        ("quit", "QUIT", "", "QUIT"),
        ("data", "DATA", "", "DATA"),
        ("DATAX", None, "", "DATAX"),
        ("", None, "", ""),
    ],
)
def test_typed_lines(typed: str, verb: str | None, argument: str, original: str) -> None:
    found = verb_of(typed)
    assert (found.name if found else None) == verb
    assert argument_of(typed) == argument
    assert original_form(typed) == original


def test_shapes() -> None:
    assert [shape(state) for state in STATES] == ["●─○─○─○", "●━●─○─○", "●━●━●─○", "●━●━●━●", "●─○─○─○"]
    assert shape(GREETED, ascii_only=True) == "*=*-o-o"
