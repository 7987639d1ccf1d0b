"""What people call the protocols and their commands."""

from mysmtp.inspector.protocols import known, label_of, name_of, usage_of
from mysmtp.protocol.my_smtp import MY_SMTP


def test_protocols_and_commands_have_names_for_people() -> None:
    assert [label_of(name) for name in known()] == ["My_SMTP", "SMTP", "LMTP", "POP3"]
    assert (name_of("MAIL"), name_of("DATA")) == ("MAIL FROM", "DATA")
    assert usage_of("my_smtp", "RCPT") == "RCPT TO: <email>"
    assert usage_of("smtp", "RCPT") == "RCPT TO:<email>"
    assert usage_of("smtp", "NOOP") == "NOOP"


def test_states_that_are_drawn_alike_share_a_place_and_verbs_that_lead_on_come_first() -> None:
    table = known(MY_SMTP)["my_smtp"]
    assert table.places["0"] == ("initial", "delivered")
    assert table.taken_in("greeted") == ("MAIL", "HELO", "LIST", "GET_MAIL", "QUIT")
    assert table.digit("recipient known") == 3
