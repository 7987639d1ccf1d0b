"""`mysmtp export` as a program, and what it wrote read by Python's mailbox module and by `mysmtp import`."""

import mailbox
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp import exporting, importing
from mysmtp.keeper import keeper_of
from mysmtp.message import Envelope, Message, Trace
from mysmtp.parcel import Parcel
from mysmtp.store.textfile import TextFileStore
from tests import nursery
from tests.client.terminals import Terminal, environment
from tests.files.test_mbox import as_lines
from tests.process import PostOfficeProcess
from tests.store.mails import BOB, ORIGINAL

MOMENT = datetime(2025, 3, 12, 9, 15, 2, 123456, tzinfo=UTC)
SMTP = b"Subject: x\r\n\r\nFrom here\r\n.\r\n\xff"
OWN = "From a@x Wed Mar 12 09:15:02 2025\nSubject: x\n\n>From here\n.\n\xff\n\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module", params=["nobody", "a server"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that a server has, or nobody: two mails of the original, one own, one damaged."""
    place = tmp_path_factory.mktemp("place")
    folder = place / "mailbox"
    folder.mkdir()
    (folder / f"{BOB}.txt").write_bytes(ORIGINAL)
    store = TextFileStore(folder)
    message = Message(Envelope("a@x", (BOB,)), SMTP, MOMENT, Trace("smtp"))
    store.append([BOB, "a/b@x"], message)
    store.append([BOB], message)
    store.close()
    path = folder / f"{BOB}.txt"
    head, _, tail = path.read_bytes().rpartition(b"Subject: x")
    path.write_bytes(head + b"Subject: y" + tail)
    if request.param == "nobody":
        yield folder
        return
    office = PostOfficeProcess(place).start()
    yield office.mailbox
    office.stop()


@pytest.fixture
def run(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command here."""

    def run(mailbox: str | None, form: exporting.Format, output: Path | None = None, force: bool = False) -> object:
        code = exporting.run(folder, mailbox, form, output, force)
        out, err = capfdbinary.readouterr()
        return code, out.decode("latin-1"), err.decode()

    return run  # type: ignore[return-value]


def test_an_mbox_on_standard_output(run: Run) -> None:
    local = [datetime(2025, 3, day).astimezone(UTC).ctime() for day in (12, 13)]
    code, out, err = run("Bob@example.com", "mbox")
    assert err.endswith("mysmtp: 1 damaged record is left out\n")
    assert (code, out) == (
        1,
        f"From alice@example.com {local[0]}\nHello Bob,\n\n"
        f"From charlie@example.com {local[1]}\nno newline at the end\n\n" + OWN,
    )
    assert run("a/b@x", "mbox") == (0, OWN, "")
    assert run("no\x1bbody", "mbox") == (1, "", "mysmtp: 401 Requested email does not exist (no\\x1bbody)\n")


def test_every_mailbox_in_every_format(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, told, err = run(None, "mbox", out)
    assert (code, err.splitlines()[-1]) == (1, "mysmtp: 1 damaged record is left out")
    assert told.splitlines() == [f"a/b@x  1 mail to {out}/a%2fb@x.mbox", f"{BOB}  3 mails to {out}/{BOB}.mbox"]
    assert (out / "a%2fb@x.mbox").read_bytes().decode("latin-1") == OWN
    assert [each["Subject"] for each in mailbox.mbox(out / f"{BOB}.mbox")] == [None, None, "x"]
    run(None, "eml", out / "e")
    assert (out / "e" / BOB / "000003.eml").read_bytes() == SMTP
    assert (out / "e" / BOB / "000002.eml").read_bytes() == b"no newline at the end"
    run(None, "maildir", out / "m")
    theirs = mailbox.Maildir(out / "m" / BOB, create=False)
    assert sorted(theirs.get_bytes(key) for key in theirs.keys()) == [  # noqa: SIM118  it is no dict
        b"Hello Bob,\n", SMTP, b"no newline at the end",
    ]  # fmt: skip


def test_what_is_there_stays(run: Run, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"mine")
    words = f"mysmtp: {there} is there already; --force replaces what has the same name\n"
    assert run("a/b@x", "mbox", there) == (1, "", words)
    assert there.read_bytes() == b"mine"
    assert run("a/b@x", "mbox", there, force=True) == (0, f"a/b@x  1 mail to {there}\n", "")
    assert there.read_bytes().decode("latin-1") == OWN
    words = f"mysmtp: the mails cannot be written: File exists ({there})\n"
    assert run("a/b@x", "mbox", there / "below") == (3, "", words)
    assert run("nobody", "mbox", tmp_path / "new")[0] == 1
    assert not (tmp_path / "new").exists()


def test_as_a_program(tmp_path: Path) -> None:
    def mysmtp(*words: str) -> subprocess.CompletedProcess[bytes]:
        return nursery.run("export", *words, environment=environment(MYSMTP_MAILBOX=str(tmp_path)))

    with keeper_of(tmp_path) as keeper:
        keeper.take_in([Parcel("a@x", ("b@x",), SMTP, MOMENT)])
    done = mysmtp("b@x")
    assert (done.returncode, done.stdout.decode("latin-1"), done.stderr) == (0, OWN, b"")
    for words in ((), ("b@x", "--format", "eml"), ("--format", "x", "b@x")):
        assert mysmtp(*words).returncode == 2


def test_a_terminal_gets_no_mbox(tmp_path: Path) -> None:
    with Terminal("-m", "mysmtp", "export", "b@x", "--mailbox", str(tmp_path)) as terminal:
        terminal.until("an mbox is not for a terminal")
        assert terminal.finish() == 2


BODIES = st.lists(
    st.sampled_from([b"From ", b">", b"\n", b"\r\n", b"\r", b".", b"x", b"\xff\0", b"===END_EMAIL===", b"From: a@x"]),
    max_size=10,
).map(b"".join)
SENDERS = st.sampled_from(["", "a@x", '"a Mon b"@x', "jörg@x"])
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2105, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize("form", ["mbox", "eml", "maildir"])
@settings(max_examples=8)
@given(mails=st.lists(st.tuples(SENDERS, BODIES, MOMENTS), min_size=1, max_size=4))
def test_there_and_back_again(
    tmp_path_factory: pytest.TempPathFactory, form: exporting.Format, mails: list[tuple[str, bytes, datetime]]
) -> None:
    """What comes back of each format: octets (an mbox keeps lines), sender, moment."""
    place = tmp_path_factory.mktemp("there")
    (place / "one").mkdir()
    with keeper_of(place / "one") as keeper:
        assert not any(keeper.take_in([Parcel(sender, ("b@x",), body, moment) for sender, body, moment in mails]))
    assert exporting.run(place / "one", "b@x", form, place / "out", force=False) == 0
    assert importing.run(place / "two", [place / "out"], ["b@x"]) == 0
    with keeper_of(place / "two") as keeper:
        back = keeper.give_out("b@x", 0)
    if form == "mbox":
        assert [(each.sender, each.body, each.arrived) for each in back] == [
            (sender, as_lines(body), moment.replace(microsecond=0)) for sender, body, moment in mails
        ]
    elif form == "maildir":  # in the order in which they came
        assert [(each.body, each.arrived) for each in back] == [mail[1:] for mail in sorted(mails, key=by_moment)]
    else:
        assert [each.body for each in back] == [body for _, body, _ in mails]


def by_moment(mail: tuple[str, bytes, datetime]) -> datetime:
    return mail[2]
