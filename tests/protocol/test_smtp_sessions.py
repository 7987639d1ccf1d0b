"""SMTP sessions of any kind: what a client does in whatever order, however its octets are cut (a model of its own)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mysmtp.protocol.smtp import SMTP
from tests.protocol.conversation import Client, cut

PATIENT = replace(SMTP, patience=None)
TALK = [
    b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<bad>\r\nDATA\r\n",
    b".dot\r\nline\r\n.\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<b@y>\r\n"
    b"BDAT 5\r\n\n.\r\n.BDAT 3 LAST\r\n\0\r\nNOOP\r\nAUTH LOGIN\r\n",
    b"Ym9i\r\n",
    b"cGFzcw==\r\nRSET\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\n",
    b"one\ntwo\r\n.\r\nFOO\r\nQUIT\r\n",
]


def replies_to(groups: list[list[bytes]]) -> tuple[bytes, list[bytes]]:
    client = Client(dialect=SMTP)
    said = b"".join(client.say(piece) for group in groups for piece in group)
    assert client.dialog.closing
    assert [box.name for box in client.store.mailboxes()] == ["b@y"]
    return said, client.bodies("b@y")


@given(st.lists(st.lists(st.integers(0, 500), max_size=6), min_size=5, max_size=5))
def test_any_cut_of_the_octets_gives_the_same_replies(places: list[list[int]]) -> None:
    """A client waits after DATA only; that it does is what the groups are."""
    whole = replies_to([[group] for group in TALK])
    assert whole[1] == [b"dot\r\nline\r\n", b"\n.\r\n.\0\r\n"]
    assert replies_to([cut(group, at) for group, at in zip(TALK, places, strict=True)]) == whole
    assert replies_to([[bytes([octet]) for octet in group] for group in TALK]) == whole


class Sessions(RuleBasedStateMachine):
    """The model: what a session may do next and what must be in the store, kept by hand beside the real thing."""

    @initialize()
    def connect(self) -> None:
        self.client = Client(dialect=PATIENT, limit=60)
        self.state, self.recipients, self.chunks, self.binary = "connected", [], b"", False  # type: ignore[var-annotated]
        self.extended = False
        self.expected: dict[str, list[bytes]] = {}

    def ask(self, octets: bytes, places: list[int]) -> str:
        """Send octets in pieces; return the last line of what is answered."""
        said = b"".join(self.client.say(piece) for piece in cut(octets, places)).decode()
        assert said.endswith("\r\n")
        return said.split("\r\n")[-2]

    def store(self, body: bytes, bare: bool) -> str:
        """Do with a whole mail what must be done with it; return the code of its reply."""
        recipients, self.recipients, self.state = self.recipients, [], "greeted"
        if len(body) > 60:
            return "552 5.3.4"
        if bare:
            return "550 5.6.11"
        for mailbox in dict.fromkeys(recipients):
            self.expected.setdefault(mailbox, []).append(body)
        return "250 2.0.0"

    places = st.lists(st.integers(0, 60), max_size=4)

    @rule(verb=st.sampled_from(["EHLO", "HELO"]), places=places)
    def hello(self, verb: str, places: list[int]) -> None:
        assert self.ask(f"{verb} x\r\n".encode(), places).startswith("250 ")
        self.extended = verb == "EHLO"
        self.state, self.recipients = "greeted", []

    @rule(sender=st.sampled_from(["<>", "<a@x>"]), binary=st.booleans(), places=places)
    def mail(self, sender: str, binary: bool, places: list[int]) -> None:
        reply = self.ask(f"MAIL FROM:{sender}{' BODY=BINARYMIME SMTPUTF8' if binary else ''}\r\n".encode(), places)
        if self.state != "greeted":
            assert reply.startswith("503 5.5.1")
        elif binary and not self.extended:
            assert reply.startswith("555 5.5.4")
        else:
            assert reply.startswith("250 2.1.0")
            self.state, self.binary, self.chunks = "sender known", binary, b""

    @rule(name=st.sampled_from(["bob@y", "Bob@Y", '"a b"@y', "é@y", "b@[127.0.0.1]"]), places=places)
    def rcpt(self, name: str, places: list[int]) -> None:
        reply = self.ask(f"RCPT TO:<{name}>\r\n".encode(), places)
        if self.state not in ("sender known", "recipient known"):
            assert reply.startswith("503 5.5.1")
        elif not name.isascii() and not self.binary:
            assert reply.startswith("553 5.6.7")
        else:
            assert reply.startswith("250 2.1.5")
            self.state = "recipient known"
            self.recipients.append(name.lower())

    @rule(words=st.lists(st.sampled_from([b"x", b".", b"\r\n", b"\n", b"\r", b"\r\n."]), max_size=30), places=places)
    def data(self, words: list[bytes], places: list[int]) -> None:
        reply = self.ask(b"DATA\r\n", places)
        if self.state != "recipient known" or self.binary:
            assert reply.startswith("503 5.5.1")
            return
        assert reply.startswith("354 ")
        body = b"".join(words) + b"\r\n"
        stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
        bare = b"\r" in body.replace(b"\r\n", b"") or b"\n" in body.replace(b"\r\n", b"")
        assert self.ask(stuffed + b".\r\n", places).startswith(self.store(body, bare))

    @rule(octets=st.binary(max_size=40), last=st.booleans(), places=places)
    def bdat(self, octets: bytes, last: bool, places: list[int]) -> None:
        reply = self.ask(b"BDAT %d%b\r\n%b" % (len(octets), b" LAST" if last else b"", octets), places)
        if self.state not in ("recipient known", "chunks"):
            assert reply.startswith("503 5.5.1")
            return
        self.chunks += octets
        rest = self.chunks.replace(b"\r\n", b"")
        bare = not self.binary and (b"\r" in rest or b"\n" in rest)
        if last:
            assert reply.startswith(self.store(self.chunks, bare))
        else:
            self.state = "chunks"
            assert reply.startswith("552 5.3.4" if len(self.chunks) > 60 else "250 2.0.0")

    @precondition(lambda self: self.state == "recipient known")
    @rule(places=places)
    def forget_and_go_on(self, places: list[int]) -> None:
        """What was forgotten must not come back by way of a chunk."""
        self.rset(places)
        self.bdat(b"hi", True, places)

    @rule(places=places)
    def rset(self, places: list[int]) -> None:
        assert self.ask(b"RSET\r\n", places) == "250 2.0.0 OK"
        self.recipients = []
        self.state = "connected" if self.state == "connected" else "greeted"

    @rule(
        line=st.sampled_from([b"NOOP", b"XYZZY", b"VRFY bob", b"HELP", b"EXPN", b"STARTTLS", b"MAIL FROM:<a", b"\xff"])
    )
    def beside(self, line: bytes) -> None:
        assert self.ask(line + b"\r\n", [])[0] in "25"

    @precondition(lambda self: hasattr(self, "client"))
    @invariant()
    def the_store_holds_what_was_acknowledged_and_the_session_is_where_it_should_be(self) -> None:
        assert self.client.dialog.state == self.state
        assert not self.client.dialog.closing
        assert {box.name: self.client.bodies(box.name) for box in self.client.store.mailboxes()} == self.expected


ODDITIES = [
    b"EHLO x\r\n", b"MAIL FROM:", b"<a@x>", b"<>", b"RCPT TO:", b"DATA\r\n", b"BDAT ", b"3", b" LAST", b"\r\n", b"\n",
    b"\r", b"\0", b"\xff", b" ", b"=", b"SIZE", b"BODY", b"AUTH ", b"PLAIN ", b"LOGIN ", b"AGEAYg==", b"*", b'"', b"\\",
    b"[", b"]", b"@", b":", b",", b"STARTTLS", b"RSET", b"x" * 3000, b".", b"\r\n.\r\n", "é".encode(),
]  # fmt: skip


@given(st.lists(st.sampled_from(ODDITIES), max_size=60), st.lists(st.integers(0, 500), max_size=5))
@settings(max_examples=250)
def test_no_octets_are_too_odd(caplog: pytest.LogCaptureFixture, words: list[bytes], places: list[int]) -> None:
    caplog.clear()
    client = Client(dialect=PATIENT, limit=100)
    for piece in cut(b"".join(words), places):
        if not client.dialog.closing:
            client.say(piece)
    assert not caplog.records  # nothing failed unexpectedly


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=100, stateful_step_count=50)
