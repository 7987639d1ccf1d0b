"""Mails into files: octets, names, and that nothing is lost when something goes wrong. Python reads it."""

import mailbox
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mysmtp.files.writing import EmlFolder, Exists, Maildir, MboxFile, Writer, finished, moment_of, name_of
from mysmtp.parcel import Parcel

MOMENT = datetime(2025, 3, 12, 9, 15, 2, 123456, tzinfo=UTC)
BODY = b"Subject: \xff\r\n\r\nFrom here\r\n.\r\nno end"
MAIL = Parcel("a@x", ("b@x",), BODY, MOMENT, 7, "12-03-2025")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(writer: Writer, *mails: Parcel) -> None:
    with finished(writer):
        for each in mails:
            writer.add(each)


def test_an_mbox(tmp_path: Path) -> None:
    write(MboxFile(tmp_path / "a.mbox", force=False), MAIL, MAIL)
    once = b"From a@x Wed Mar 12 09:15:02 2025\nSubject: \xff\n\n>From here\n.\nno end\n\n"
    assert files(tmp_path) == {"a.mbox": once * 2}


def test_a_folder_of_eml(tmp_path: Path) -> None:
    write(EmlFolder(tmp_path / "new", force=False), MAIL)
    assert files(tmp_path) == {"new/000007.eml": BODY}
    assert (tmp_path / "new" / "000007.eml").stat().st_mtime == MOMENT.timestamp()


def test_a_maildir_that_python_reads(tmp_path: Path) -> None:
    write(Maildir(tmp_path / "box", force=False), MAIL, Parcel("", (), b"", MOMENT, 8))
    assert files(tmp_path) == {
        "box/new/1741770902.M123456I7.mysmtp": BODY, "box/new/1741770902.M123456I8.mysmtp": b"",
    }  # fmt: skip
    theirs = mailbox.Maildir(tmp_path / "box", create=False)
    assert sorted(theirs.get_bytes(key) for key in theirs.keys()) == [b"", BODY]  # noqa: SIM118  it is no dict
    assert {message.get_subdir() for message in theirs} == {"new"}


def test_nothing_is_replaced_unless_asked_for(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    for path in (mine, tmp_path / "dangling"):
        with pytest.raises(Exists, match=str(path)):
            MboxFile(path, force=False)
    for kind in (EmlFolder, Maildir):
        with pytest.raises(Exists, match=f"{tmp_path}/"):
            kind(tmp_path, force=False)
    assert mine.read_bytes() == b"mine"
    write(MboxFile(mine, force=True))
    write(EmlFolder(tmp_path, force=True), MAIL)
    assert files(tmp_path) == {"mine": b"", "000007.eml": BODY}
    EmlFolder(tmp_path / "empty", force=False)
    EmlFolder(tmp_path / "empty", force=False)


def test_nothing_half_is_left_after_a_fault(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")

    def interrupted(writer: Writer) -> None:
        with finished(writer):
            writer.add(MAIL)
            raise KeyboardInterrupt

    for writer in (MboxFile(mine, force=True), EmlFolder(tmp_path / "eml", force=False)):
        with pytest.raises(KeyboardInterrupt):
            interrupted(writer)
    assert files(tmp_path) == {"mine": b"mine", "eml/000007.eml": BODY}
    (tmp_path / "eml" / "000008.eml").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(EmlFolder(tmp_path / "eml", force=True), Parcel("", (), b"x", MOMENT, 8))
    assert files(tmp_path) == {"mine": b"mine", "eml/000007.eml": BODY}


@pytest.mark.parametrize(
    ("mailbox_name", "folder", "mbox"),
    [
        ("bob@example.com", "bob@example.com", "bob@example.com.mbox"),
        ("../../etc/passwd@x", "%2e./../etc/passwd@x".replace("/", "%2f"), "%2e.%2f..%2fetc%2fpasswd@x.mbox"),
        (".", "%2e", "%2e.mbox"),
        ("a\n\x1b@x", "a%0a%1b@x", "a%0a%1b@x.mbox"),
        ("x" * 251, "x" * 251, "x" * 251 + ".mbx"),
    ],
)
def test_names_are_one_component(mailbox_name: str, folder: str, mbox: str) -> None:
    assert name_of(mailbox_name, mbox=False) == folder
    assert name_of(mailbox_name, mbox=True) == mbox
    assert len(os.fsencode(name_of("ü" * 300, mbox=True))) <= 255


def test_a_mail_whose_day_alone_is_known() -> None:
    assert moment_of(Parcel("", (), b"", None, 1, "12-03-2025")) == datetime(2025, 3, 12).astimezone()
    assert moment_of(Parcel("", (), b"", None, 1, "yesterday")) == datetime(1970, 1, 1, tzinfo=UTC)
