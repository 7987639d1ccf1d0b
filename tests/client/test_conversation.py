from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from mysmtp.client.connection import Answer
from mysmtp.client.conversation import Body, Conversation, Note
from tests.client.servers import Lines, Original, Scripted, Server


@contextmanager
def talking(server: Server) -> Iterator[Conversation]:
    with server, closing(server.connect()) as link:
        yield Conversation(link)


def say(talk: Conversation, *lines: str) -> list[str]:
    """Type lines; return all that is shown, replies as they stand on the wire."""
    shown = []
    for line in lines:
        for each in talk.take(line):
            match each:
                case Answer():
                    shown.append(each.line)
                case Note():
                    shown.append(each.text)
                case Body():
                    shown.append(each.octets.decode())
    return shown


def test_the_prompt_follows_the_state() -> None:
    with talking(Lines()) as talk:
        prompts = [talk.prompt]
        for line in ("HELO x", "mail from: a@x", "rcpt to: b@x", "data", "text", ".", "helo x", "list b"):
            say(talk, line)
            prompts.append(talk.prompt)
        assert prompts == [
            "0 initial > ", "1 greeted > ", "2 sender known > ", "3 recipient known > ", ". ends > ", ". ends > ",
            "0 delivered > ", "1 greeted > ", "1 greeted > ",
        ]  # fmt: skip


def test_what_is_refused_moves_nothing_and_is_explained() -> None:
    with talking(Lines(RCPT=b"403 Send HELO first\n")) as talk:
        assert say(talk, "rcpt to: bob@example.com") == [
            "403 Send HELO first", "  RCPT TO needs state 2; this is state 0.", "  next: HELO <domain>",
        ]  # fmt: skip
        assert talk.prompt == "0 initial > "


def test_the_bar() -> None:
    with talking(Lines()) as talk:
        assert talk.bar(ascii_only=False) == "●─○─○─○  HELO  QUIT"
        say(talk, "HELO x")
        assert talk.bar(ascii_only=False) == "●━●─○─○  HELO  MAIL FROM  LIST  GET_MAIL  QUIT"
        assert talk.bar(ascii_only=True).startswith("*=*-o-o  HELO")
        say(talk, "mail from: a@x", "rcpt to: b@x", "data")
        assert talk.bar(ascii_only=False).startswith("●━●━●━●  a message")


def test_dots_are_doubled_and_the_lone_dot_ends() -> None:
    server = Lines()
    with talking(server) as talk:
        say(talk, "HELO x", "mail from: a@x", "rcpt to: b@x", "DATA", ".hidden", "..", "QUIT", "", "\udcff")
        assert say(talk, ".") == ["200 Message stored successfully"]
        assert server.mails == [b"..hidden\n...\nQUIT\n\n\xff\n.\n"]


def test_inline_data() -> None:
    with talking(Lines(DATA=b"200 Message stored successfully\n")) as talk:
        say(talk, "HELO x", "mail from: a@x", "rcpt to: b@x", "DATA hello")
        assert talk.prompt == "0 delivered > "


def test_a_message_that_could_not_be_stored_ends_the_transaction_too() -> None:
    with talking(Lines(DATA=b"500 Failed to store message\n")) as talk:
        say(talk, "HELO x", "mail from: a@x", "rcpt to: b@x")
        assert say(talk, "DATA hello")[1:] == ["  Nothing was stored.", "  next: HELO <domain>, and the mail again"]
        assert talk.prompt == "0 delivered > "
    with talking(Lines(DOT=b"500 Failed to store message\n")) as talk:
        say(talk, "HELO x", "mail from: a@x", "rcpt to: b@x", "data", ".")
        assert talk.prompt == "0 delivered > "


def test_names_come_from_what_was_taken_and_listed() -> None:
    lists = b"200 OK\n1: Email from carol@y (01-01-2025)\n2: Email from \x1bx@y (01-01-2025)\n.\n"
    with talking(Lines(LIST=lists, GET_MAIL=b"401 Email not found\n")) as talk:
        say(talk, "HELO x", "mail from: <a@x>", "rcpt to: b@x", "get_mail nobody 1", "list bob")
        assert talk.names == ("a@x", "b@x", "bob", "carol@y")
        assert talk.domain == "x"


def test_help_asks_the_server_nothing() -> None:
    server = Lines()
    with talking(server) as talk:
        assert say(talk, "help rcpt")[0].startswith("RCPT TO: <email>")
        assert say(talk, "?")[0].startswith("> HELO")
        assert say(talk, "", "   ") == []
        assert server.commands == []


def test_quit_ends_and_leaving_says_quit() -> None:
    server = Lines()
    with talking(server) as talk:
        assert say(talk, "quit") == ["200 Goodbye"]
        assert talk.ended
    with talking(Lines()) as talk:
        assert [each.line for each in talk.leave() if isinstance(each, Answer)] == ["200 Goodbye"]
        assert talk.ended


def test_leaving_in_a_message_stores_nothing_and_says_so() -> None:
    server = Lines()
    with talking(server) as talk:
        say(talk, "HELO x", "mail from: a@x", "rcpt to: b@x", "data", "half")
        assert talk.leave() == [Note("Left in the middle of the message; nothing of it was stored.")]
        assert talk.ended
    assert server.mails == []


def test_the_original_is_found_out_and_gets_a_message_in_one_piece() -> None:
    server = Original()
    with talking(server) as talk:
        shown = say(talk, "helo x", "mail from:a@x", "rcpt to:b@x", "data", ".two", "===END_EMAIL===", ".")
        assert shown[0] == "200 OK"
        assert "spoken to as the original program" in shown[1]
        assert shown[-1] == "200 Message stored successfully"
        assert server.received[-1] == b"DATA\n.two\n>===END_EMAIL===\n"
        assert talk.prompt == "0 delivered > "
        assert say(talk, "helo x", "list b@x")[-1] == "1: Email from a@x (12-03-2025)\n"


def test_the_original_refuses_an_early_data_itself() -> None:
    server = Original()
    with talking(server) as talk:
        say(talk, "helo x")
        assert say(talk, "data")[0].startswith("4")
        assert server.received[-1] == b"DATA"
        assert not talk.composing


def test_a_message_the_original_cannot_take_leaves_the_session_where_it_was() -> None:
    with talking(Original()) as talk:
        say(talk, "helo x", "mail from:a@x", "rcpt to:b@x")
        shown = say(talk, "data", "x" * 4090, ".")
        assert "at most 4,090 octets" in shown[1]
        assert talk.prompt == "3 recipient known > "
        assert say(talk, "data  short ")[-1] == "200 Message stored successfully"


def test_a_second_recipient_of_the_original_is_warned_of() -> None:
    with talking(Original()) as talk:
        say(talk, "helo x", "mail from:a@x", "rcpt to:b@x")
        assert "one recipient" in say(talk, "rcpt to: c@x")[-1]


def test_what_the_server_says_unasked_is_shown_and_explained() -> None:
    def script(hear: Callable[[], bytes], say_: Callable[[bytes], None]) -> None:
        hear()
        say_(b"200 OK\n")
        say_(b"500 Idle too long\n")

    with talking(Scripted(script)) as talk:
        say(talk, "HELO x")
        while not talk.connection.ended(patience=10):
            pass
        said = talk.overheard()
        assert [each.line for each in said if isinstance(each, Answer)] == ["500 Idle too long"]
        assert said[-1] == Note("The server closed the connection.")
