from dataclasses import replace

import pytest

from mysmtp.message import StoredMail, Trace
from mysmtp.web.presenting import Clock
from mysmtp.web.presenting_mail import file_name, neighbours, sentence_of, text_of, view_of
from tests.web.posts import NOON, OddStore, summary


def test_text_keeps_lines_and_tabs_and_shows_the_rest() -> None:
    shown = text_of(b"a\tb\r\nc\rd\x1b[31m\xff\n")
    assert shown.text == "a\tb\nc\\x0dd\\x1b[31m\\xff\n"
    assert shown.cut == ""


def test_a_raw_record_shows_every_cr() -> None:
    assert text_of(b"a\r\nb\n", keep_cr=True).text == "a\\x0d\nb\n"


def test_long_text_is_cut_between_characters_and_says_so() -> None:
    shown = text_of("ü".encode() * 1_000_000, limit=500_001)
    assert shown.text == "ü" * 250_000
    assert shown.cut == "The first 500 kB of 2.0 MB are shown."


def test_neighbours_pass_over_what_is_deleted() -> None:
    mails = [summary(1), summary(4), summary(9)]
    assert (neighbours(mails, 4).older, neighbours(mails, 4).newer) == (1, 9)
    assert (neighbours(mails, 9).older, neighbours(mails, 9).newer) == (4, None)
    assert (neighbours(mails, 5).older, neighbours(mails, 5).newer) == (4, 9)


@pytest.mark.parametrize(
    ("trace", "sentence"),
    [
        (Trace(session=57, shape="x12330"), "Session 57, one refusal, stored at 12:00:00.418"),
        (Trace(session=1204, shape="12330"), "Session 1,204, stored at 12:00:00.418"),
        (Trace(session=3, shape="xxx1X230"), "Session 3, 3 refusals, one failure, stored at 12:00:00.418"),
        (Trace(), "Stored at 12:00:00.418"),
    ],
)
def test_the_shape_in_words(clock: Clock, trace: Trace, sentence: str) -> None:
    assert sentence_of(trace, NOON, clock) == sentence


def test_a_mail_of_ours(clock: Clock) -> None:
    store = OddStore()
    view = view_of(store.read(store.name, 3), store.name, clock)
    assert view.came_in is not None
    assert view.came_in.facts == (("Over", "My_SMTP"), ("Client", "127.0.0.1:51514"), ("HELO", "x"))
    assert view.lies is not None
    assert view.lies.facts == (
        ("File", "mailbox/odd@example.com.txt"),
        ("Bytes", "104,882 to 143,790"),
        ("Checksum", "b0aba0c9, correct"),
    )


def test_what_smtp_knows_besides_is_shown(clock: Clock) -> None:
    notify = (("notify", "NEVER\x1b"), ("orcpt", "rfc822;bob@x"))
    trace = Trace(
        "lmtp", 1, "127.0.0.1:2", "x", "12", "TLSv1.3 AES", "al", (("body", "8BITMIME"), ("smtputf8", "1")),
        (notify, (), notify),
    )  # fmt: skip
    odd = OddStore()
    view = view_of(replace(odd.read(odd.name, 3), trace=trace), odd.name, clock)
    assert view.came_in is not None
    assert view.came_in.facts == (
        ("Over", "LMTP"),
        ("Client", "127.0.0.1:2"),
        ("HELO", "x"),
        ("TLS", "TLSv1.3 AES"),
        ("Login", "al"),
        ("MAIL", "BODY=8BITMIME SMTPUTF8"),
        ("RCPT", "NOTIFY=NEVER\\x1b ORCPT=rfc822;bob@x"),
    )


def test_recipients_that_are_not_named_are_counted(clock: Clock) -> None:
    store = OddStore()
    mail = store.read(store.name, 3)
    assert mail.envelope is not None
    view = view_of(replace(mail, trace=Trace("smtp", unnamed=1234)), store.name, clock)
    assert view.envelope is not None
    assert view.envelope[1] == (*mail.envelope.forward_paths, "and 1,234 more")
    assert view.recipients.endswith(", and 1,234 more")


def test_a_mail_of_another_program(clock: Clock) -> None:
    store = OddStore()
    view = view_of(store.read(store.name, 1), store.name, clock)
    assert (view.envelope, view.came_in) == (None, None)
    assert (view.sender, view.recipients) == ("<>", "odd@example.com")
    assert view.date is not None
    assert view.date.text == "12 Mar 2025"
    assert view.lies is not None
    assert view.lies.facts[2] == ("Checksum", "none in the file")


def test_a_mail_without_file_lies_nowhere(clock: Clock) -> None:
    assert view_of(StoredMail(summary(1), b"x"), "bob", clock).lies is None


@pytest.mark.parametrize(
    ("mailbox", "name"),
    [
        ("bob@example.com", "mail-bob@example.com-7.txt"),
        ("../../etc/passwd", "mail-etc.passwd-7.txt"),
        ('a"\r\nSet-Cookie: x=1', "mail-a.Set-Cookie.x.1-7.txt"),
        ("x" * 1000, f"mail-{'x' * 100}-7.txt"),
        ("\u202e", "mail-mailbox-7.txt"),
        ("con", "mail-con-7.txt"),
    ],
)
def test_names_of_downloads_are_safe(mailbox: str, name: str) -> None:
    assert file_name(mailbox, 7) == name
