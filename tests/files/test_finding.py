"""Which files hold mail, in folders as they are found on disks."""

import mailbox
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mysmtp.files.finding import Passed, Source, find

MAIL = b"From: a@x\nTo: b@x\n\nx\n"
LINK = "a symbolic link; name what it leads to, to import that"
MBOX = b"From a@x Wed Mar 12 09:15:02 2025\n" + MAIL


def put(path: Path, octets: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def found(path: Path) -> Sequence[tuple[str, str]]:
    """Return what is found: path from there and kind, or the reason why not."""
    return [
        (os.path.relpath(each.path, path), each.kind)
        if isinstance(each, Source)
        else (os.path.relpath(each.what, path), each.why)
        for each in find(path)
    ]


def test_a_folder_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("10.eml", "9.eml", "2/b.EML", "2/a.mbox", ".hidden.eml", "١.eml"):
        put(tmp_path / name, MBOX if name.endswith("mbox") else MAIL)
    put(tmp_path / "Inbox", MBOX)  # Thunderbird gives its mboxes no suffix
    put(tmp_path / "mh" / "1", MAIL)
    assert found(tmp_path) == [
        ("2/a.mbox", "mbox"), ("2/b.EML", "eml"), ("9.eml", "eml"), ("10.eml", "eml"),
        ("Inbox", "mbox"), ("mh/1", "eml"), ("١.eml", "eml"),
    ]  # fmt: skip


def test_what_is_no_mail_is_counted(tmp_path: Path) -> None:
    put(tmp_path / "notes.txt", b"Dear diary\n")
    put(tmp_path / "Inbox.msf", b'// <!-- <mdb:mork:z v="1.4"/> -->\n')
    put(tmp_path / "sub" / "empty.mbox", b"")
    put(tmp_path / "sub" / "other.mbox", b"no From line\n")
    assert found(tmp_path) == [
        ("sub/empty.mbox", "it is empty"),
        ("sub/other.mbox", "it does not begin with a From line, as an mbox does"),
        (".", "2 files that hold no mail"),
    ]


def test_a_maildir_of_python_s_own(tmp_path: Path) -> None:
    theirs = mailbox.Maildir(tmp_path / "Maildir")
    new, seen = theirs.add("Subject: 1\n\n"), theirs.add(mailbox.MaildirMessage("Subject: 2\n\n"))
    message = theirs[seen]
    message.set_subdir("cur")
    message.set_flags("S")
    theirs[seen] = message
    theirs.add_folder("Sent")
    put(tmp_path / "Maildir" / ".Sent" / "new" / "1.x", MAIL)
    put(tmp_path / "Maildir" / "dovecot-uidlist", b"3 V1\n")
    put(tmp_path / "Maildir" / "tmp" / "half", MAIL)
    assert found(tmp_path) == [
        ("Maildir/.Sent/new/1.x", "maildir"), (f"Maildir/cur/{seen}:2,S", "maildir"), (f"Maildir/new/{new}", "maildir"),
    ]  # fmt: skip
    assert found(tmp_path / "Maildir" / "cur")[0][1] == "eml"


@pytest.mark.parametrize(
    ("name", "octets", "kind"),
    [
        ("a", MBOX, "mbox"),
        ("a.eml", MBOX, "eml"),
        ("a.eml", b"", "eml"),
        ("a.txt", MAIL, "eml"),
        ("a.txt", b"text\n", "neither an mbox nor a mail with a header"),
        ("a.mbox", MAIL, "it does not begin with a From line, as an mbox does"),
    ],
)
def test_a_file_that_somebody_named(tmp_path: Path, name: str, octets: bytes, kind: str) -> None:
    path = put(tmp_path / name, octets)
    assert list(find(path)) in ([Source(path, kind, len(octets))], [Passed(str(path), kind)])  # type: ignore[arg-type]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert list(find(tmp_path / "no")) == [Passed(str(tmp_path / "no"), "no such file")]
    os.mkfifo(tmp_path / "pipe.mbox")  # opening one would wait for ever
    assert found(tmp_path) == [("pipe.mbox", "a pipe, no file")]
    assert list(find(Path("/dev/null"))) == [Passed("/dev/null", "a device, no file")]


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "secret.eml", MAIL)
    archive = tmp_path / "archive"
    put(archive / "1.eml", MAIL)
    links = {"a.eml": outside, "b": outside, "c": archive, "d.eml": tmp_path / "nothing", ".e": outside}
    for name, target in links.items():
        (archive / name).symlink_to(target)
    assert found(archive) == [("1.eml", "eml"), *((name, LINK) for name in (".e", "a.eml", "b", "c", "d.eml"))]
    (tmp_path / "named").symlink_to(archive)
    assert found(tmp_path / "named") == found(archive)
    (tmp_path / "named.eml").symlink_to(outside)
    assert list(find(tmp_path / "named.eml")) == [Source(tmp_path / "named.eml", "eml", len(MAIL))]


def test_a_maildir_with_what_are_no_mails(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "secret", MAIL)
    theirs = tmp_path / "Maildir"
    put(theirs / "cur" / "1.x:2,S", MAIL)
    (theirs / "new" / "3.x").mkdir(parents=True)
    os.mkfifo(theirs / "cur" / "2.x:2,S")
    for link, target in (("new/2.x", outside), (".Sent", outside.parent), ("new/.x", outside)):
        (theirs / link).symlink_to(target)
    assert found(theirs) == [
        (".Sent", LINK), ("cur/1.x:2,S", "maildir"), ("cur/2.x:2,S", "a pipe, no file"), ("new/2.x", LINK),
        ("new/3.x", "a folder, where a Maildir has mails only"), ("new/.x", LINK),
    ]  # fmt: skip


def test_folders_in_folders_without_end(tmp_path: Path) -> None:
    put(tmp_path / "a.eml", MAIL)
    deep = tmp_path.joinpath(*["d"] * 700)
    deep.mkdir(parents=True)
    told = list(find(tmp_path))
    assert told[0] == Source(tmp_path / "a.eml", "eml", len(MAIL))
    assert [each.why for each in told[1:] if isinstance(each, Passed)] == ["it lies more than 100 folders deep"]
    assert len(told) == 2
