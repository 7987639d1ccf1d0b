import pytest

from mysmtp.client.connection import Answer
from mysmtp.client.explain import Situation, explanation, help_text
from mysmtp.client.states import DELIVERED, GREETED, INITIAL, RECIPIENT, SENDER, STATES, VERBS, State


@pytest.mark.parametrize(
    ("typed", "state", "reply", "lines"),
    [
        ("rcpt to: b@x", INITIAL, "403 Send HELO first",
         ["RCPT TO needs state 2; this is state 0.", "next: HELO <domain>"]),
        ("DATA", GREETED, "403 Send MAIL FROM first",
         ["DATA needs state 3; this is state 1.", "next: MAIL FROM: <email>"]),
        ("DATA", SENDER, "403 Send RCPT TO first",
         ["DATA needs state 3; this is state 2.", "next: RCPT TO: <email>"]),
        ("mail from: a@x", DELIVERED, "403 Send HELO first",
         ["MAIL FROM needs state 1; this is state 0, delivered.", "next: HELO <domain>"]),
        ("list b", INITIAL, "403 Send HELO first", ["LIST needs state 1; this is state 0.", "next: HELO <domain>"]),
        ("foo", GREETED, "400 Unknown command", ["This is no command of My_SMTP.", "next: help"]),
        ("get_mail b", GREETED, "400 Invalid syntax: GET_MAIL takes an email and an id",
         ["GET_MAIL is written otherwise.", "next: GET_MAIL <email> <id>"]),
        ("rcpt to: bob", SENDER, "400 Invalid email format, missing @",
         ["An address has text on both sides of an @.", "next: RCPT TO: <email>"]),
        ("mail from: a@y", GREETED, "400 Sender domain does not match HELO domain",
         ["The sender's domain must be that of HELO: example.com.",
          "next: MAIL FROM: <name>@example.com, or HELO again"]),
        ("get_mail b@x 9", GREETED, "401 Email not found",
         ["The mailbox is there, this id is not: deleted, or never given.", "next: LIST b@x"]),
        ("data", DELIVERED, "400 Unknown command",
         ["DATA needs state 3; this is state 0, delivered.", "next: HELO <domain>"]),
        ("mail from: ", GREETED, "400 Unknown command",
         ["MAIL FROM is written otherwise.", "next: MAIL FROM: <email>"]),
        ("HELO x", INITIAL, "200 OK", []),
        ("list b", GREETED, "499 Strange", []),
    ],
)  # fmt: skip
def test_under_a_refusal(typed: str, state: State, reply: str, lines: list[str]) -> None:
    code, _, text = reply.partition(" ")
    assert explanation(Answer(int(code), text), Situation(typed, state, "example.com")) == lines


def test_every_refusal_of_the_protocol_is_explained() -> None:
    replies = (
        "400 Unknown command", "400 Invalid syntax", "400 Invalid email format, missing @",
        "400 Sender domain does not match HELO domain", "400 Line too long", "400 Message too large",
        "400 Too many recipients", "401 Requested email does not exist", "401 Email not found",
        "403 Authentication required", "500 Failed to store message", "500 Failed to read message",
        "500 Server busy", "500 Server shutting down", "500 Idle too long",
    )  # fmt: skip
    for reply in replies:
        lines = explanation(Answer(int(reply[:3]), reply[4:]), Situation("RCPT TO: b@x", SENDER))
        assert 1 <= len(lines) <= 2, reply
        assert all(len(line) <= 76 for line in lines), lines


def test_words_of_the_peer_or_user_are_not_taken_for_places_to_fill() -> None:
    lines = explanation(Answer(401, "Email not found"), Situation("get_mail {domain}{0}{ 1", GREETED))
    assert lines[1] == "next: LIST {domain}{0}{"


def test_help_for_a_verb() -> None:
    assert help_text("rcpt", GREETED) == [
        "RCPT TO: <email>   add a recipient (up to 100)",
        "  allowed in 2 sender known, 3 recipient known; leads to 3",
        "  you are in 1; first: MAIL FROM: <email>",
    ]
    assert help_text("rcpt to", RECIPIENT)[2] == "  you are in 3; it can be sent now"
    assert help_text("list", INITIAL)[1:] == [
        "  allowed in 1 greeted, 2 sender known, 3 recipient known, 0 delivered; changes no state",
        "  you are in 0; first: HELO <domain>",
    ]
    assert help_text("data", GREETED)[1] == "  allowed in 3 recipient known; leads to 0"
    assert help_text("foo", GREETED)[0].startswith("foo is no command of My_SMTP.")


def test_help_names_every_verb_in_every_state() -> None:
    for state in STATES:
        text = "\n".join(help_text("", state))
        assert all(verb.usage in text for verb in VERBS)
        assert max(map(len, text.splitlines())) <= 80
    assert [line[:6] for line in help_text("", INITIAL) if line.startswith(">")] == ["> HELO", "> QUIT"]
