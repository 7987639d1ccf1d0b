"""Mails out of files: their octets, for whom, from whom, since when."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mysmtp.files.finding import Kind, Passed, Source
from mysmtp.files.reading import Found, read, recipients_in, sender_in
from mysmtp.mime.fields import read_header
from mysmtp.parcel import LARGEST, Parcel

MOMENT = datetime(2025, 3, 12, 9, 15, 2, tzinfo=UTC)


def reads(path: Path, kind: Kind, octets: bytes, recipients: Sequence[str] = ("b@x",)) -> Sequence[Found | Passed]:
    path.write_bytes(octets)
    os.utime(path, (MOMENT.timestamp(), MOMENT.timestamp()))
    return list(read(Source(path, kind, len(octets)), recipients))


def one(path: Path, kind: Kind, octets: bytes) -> Parcel:
    (found,) = reads(path, kind, octets)
    assert isinstance(found, Found)
    return found.parcel


def test_an_eml_file_is_its_mail(tmp_path: Path) -> None:
    octets = b"From: a@x\r\nSubject: \xff\r\n\r\n.\r\nFrom x\n\rno end"
    assert one(tmp_path / "a.eml", "eml", b"") == Parcel("", ("b@x",), b"", MOMENT)
    assert one(tmp_path / "a.eml", "eml", octets) == Parcel("a@x", ("b@x",), octets, MOMENT)
    dated = b"From: a@x\nDate: Tue, 11 Mar 2025 10:00:00 +0100\n\n"
    written = datetime(2025, 3, 11, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    assert one(tmp_path / "a.eml", "eml", dated).arrived == written


@pytest.mark.parametrize(
    ("name", "arrived"),
    [
        ("1741770902.M123456P7.host:2,S", MOMENT.replace(microsecond=123456)),
        ("1741770902.R7.host", MOMENT),
        ("1741770902.123_4.host,S=5:2,", MOMENT),
        ("msg", datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_maildir_tells_when_a_mail_came(tmp_path: Path, name: str, arrived: datetime) -> None:
    octets = b"Date: Mon, 1 Jan 2024 00:00:00 +0000\n\n"
    assert one(tmp_path / name, "maildir", octets).arrived == arrived


def test_an_mbox_tells_from_whom_and_when(tmp_path: Path) -> None:
    octets = (
        b"From env@x Wed Mar 12 09:15:02 2025\nFrom: a@x\n\n>From 1\n\n"
        b"From - Wed Mar 12 09:15:02 2025\nReturn-Path: <r@x>\nFrom: a@x\n\n2\n\n"
        b"From MAILER-DAEMON Wed Mar 12 09:15:02 2025\n\n3\n"
    )
    found = reads(tmp_path / "a.mbox", "mbox", octets)
    assert [each.parcel for each in found if isinstance(each, Found)] == [
        Parcel("env@x", ("b@x",), b"From: a@x\n\nFrom 1\n", MOMENT),
        Parcel("r@x", ("b@x",), b"Return-Path: <r@x>\nFrom: a@x\n\n2\n", MOMENT),
        Parcel("", ("b@x",), b"\n3\n", MOMENT),
    ]
    assert isinstance(found[-1], Found)
    assert found[-1].end == len(octets)
    assert found[-1].what.endswith(f"a.mbox, mail 3 at octet {octets.index(b'From MAILER')}")


def test_what_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    assert reads(path, "eml", b"Subject: x\n\n", ()) == [
        Passed(str(path), "no recipient in its header; give one with --to")
    ]
    with path.open("wb") as sparse:
        sparse.truncate(LARGEST + 1)
    assert list(read(Source(path, "eml", 0), ("b@x",))) == [Passed(str(path), "larger than 50 MiB")]
    path.unlink()
    assert list(read(Source(path, "eml", 0), ())) == [Passed(str(path), "No such file or directory")]


@pytest.mark.parametrize(
    ("header", "recipients"),
    [
        (b"To: A <a@x>, g: b@x, c@x;\nCc: d@x\nBcc: e@x\nTo: a@x\n", ("a@x", "b@x", "c@x", "d@x", "e@x")),
        (b"Delivered-To: now@x\nDelivered-To: then@x\nTo: a@x\n", ("now@x",)),
        (b"Delivered-To: now@x\nX-Original-To: asked@x\nTo: a@x\n", ("asked@x",)),
        (b"Delivered-To: nobody\nTo: a@x\n", ("a@x",)),
        (b"To: undisclosed-recipients:;\n", ()),
        (b"To: bob, @, a@, @x\n", ()),
        (b"Subject: to: a@x\n", ()),
    ],
)
def test_for_whom_a_header_says_a_mail_was(header: bytes, recipients: tuple[str, ...]) -> None:
    assert recipients_in(read_header(header)) == recipients


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        (b"Return-Path: <bounce@x>\nFrom: a@x\n", "bounce@x"),
        (b"Return-Path: <>\nFrom: a@x\n", ""),
        (b"From: A <a@x>, b@x\n", "a@x"),
        (b"Subject: x\n", ""),
    ],
)
def test_from_whom_a_header_says_a_mail_was(header: bytes, sender: str) -> None:
    assert sender_in(read_header(header)) == sender


def test_nobody_is_left_out_of_a_long_list(tmp_path: Path) -> None:
    everybody = [f"user{number}@example.com" for number in range(12_000)]
    octets = ("X: y\n" * 2000 + "To: " + ",\n ".join(everybody) + "\n\n").encode()
    (found,) = reads(tmp_path / "a.eml", "eml", octets, ())
    assert isinstance(found, Found)
    assert found.parcel.recipients == tuple(everybody)
    (passed,) = reads(tmp_path / "a.eml", "eml", b"To: a@x\n" * 200_000, ())
    assert isinstance(passed, Passed)
    assert passed.why.startswith("a header of more than 1 MiB")
