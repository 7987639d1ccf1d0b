"""Programs that people send and read mail with, against one running process: each carries the same mail, to the octet.

The mail has an attachment, 8-bit text, a line of more than 5,000 octets, and lines that begin with a dot. In TLS they
check the certificate that the server has made.
"""

import asyncio
import base64
import email
import email.policy
import json
import os
import poplib
import re
import shutil
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.request import urlopen

import aiosmtplib
import pytest

from tests.process import PostOfficeProcess

ATTACHED = bytes(range(256)) * 9
TEXT = "zażółć gęślą jaźń\r\n.\r\n..two\r\n.three\r\n" + "Łódź " * 1000 + "\r\n\r\n\r\n"
LETTER = (
    f"""From: Alice <alice@example.com>
To: Bob <bob@example.com>
Subject: =?utf-8?q?za=C5=BC=C3=B3=C5=82=C4=87?=
Date: Mon, 23 Nov 2026 11:00:00 +0000
Message-ID: <1@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_b"

--=_b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

TEXT
--=_b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="all octets.bin"
Content-Transfer-Encoding: base64

{base64.encodebytes(ATTACHED).decode()}--=_b--
"""
).replace("\n", "\r\n").replace("TEXT\r\n", TEXT).encode()  # fmt: skip
PASSWORD = "s3same"
NAME = "client.example"  # what they say they are: none is to ask the DNS for that
INSIDE_TLS = ("--tls", "auto", "--smtps-port", "0", "--pop3s-port", "0")
PLENTY = 60  # seconds for a program to be done on a busy machine
NODE_PATH = os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))  # where Debian has it


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    """One server for all programs; that no session of theirs upset it is looked at when it has ended."""
    process = PostOfficeProcess(tmp_path_factory.mktemp("office"), "--lmtp-port", "0", *INSIDE_TLS).start()
    yield process
    process.stop()
    log = process.log.read_text()
    assert "Traceback" not in log
    assert PASSWORD not in log


def run(*words: str, given: bytes = b"", home: Path | None = None) -> bytes:
    """Run a program as it comes, without anybody's settings; return what it printed."""
    inherited = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment = {**inherited, "HOME": str(home or "/nonexistent"), "NODE_PATH": NODE_PATH}
    done = subprocess.run(words, input=given, capture_output=True, timeout=PLENTY, env=environment, check=False)
    assert done.returncode == 0, (words, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    return done.stdout


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def does(*words: str) -> bool:
    environment = {**os.environ, "NODE_PATH": NODE_PATH}
    return bool(shutil.which(words[0])) and not subprocess.run(words, env=environment, capture_output=True).returncode


needs_nodemailer = pytest.mark.skipif(
    not does("node", "-e", "require('nodemailer')"), reason="node cannot find nodemailer"
)
needs_swaks_with_tls = pytest.mark.skipif(
    not does("swaks", "--version") or not does("perl", "-MNet::SSLeay", "-e", "1"), reason="swaks is not there with TLS"
)


# Sending


def by_smtplib(office: PostOfficeProcess, to: str) -> None:
    with smtplib.SMTP(*office.doors["smtp"], local_hostname=NAME, timeout=PLENTY) as client:
        assert client.sendmail("alice@example.com", [to], LETTER, ["BODY=8BITMIME"]) == {}


def by_aiosmtplib(office: PostOfficeProcess, to: str) -> None:
    host, port = office.doors["smtp"]
    refused, reply = asyncio.run(
        aiosmtplib.send(
            LETTER, sender="alice@example.com", recipients=[to], hostname=host, port=port, start_tls=False,
            local_hostname=NAME,
            username="alice", password=PASSWORD,
        )
    )  # fmt: skip
    assert (refused, reply) == ({}, "2.0.0 Message stored")


def by_curl(office: PostOfficeProcess, to: str, *words: str, door: str = "smtp") -> None:
    run(
        "curl", "-q", "--silent", "--show-error", "--max-time", str(PLENTY), "--url",
        f"{door}://127.0.0.1:{office.doors[door][1]}/{NAME}", "--user", f"alice:{PASSWORD}", "--mail-from",
        "alice@example.com", "--mail-rcpt", to, "--upload-file", "-", *words, given=LETTER,
    )  # fmt: skip


def swaks(office: PostOfficeProcess, to: str, *words: str, door: str = "smtp") -> str:
    """Send by swaks, which ends the last line itself; return the talk it had."""
    return run(
        "swaks", "--helo", NAME, "--server", "127.0.0.1", "--port", str(office.doors[door][1]),
        "--from", "alice@example.com", "--to", to, "--data", "-", *words, given=LETTER.removesuffix(b"\r\n"),
    ).decode()  # fmt: skip


def by_swaks(office: PostOfficeProcess, to: str) -> None:
    swaks(office, to)


def by_swaks_in_a_pipeline(office: PostOfficeProcess, to: str) -> None:
    talk = swaks(office, to, "--pipeline")
    group = [" -> MAIL FROM:<alice@example.com>", f" -> RCPT TO:<{to}>", " -> DATA"]
    assert "\n".join(group) in talk  # in one send, as no reply stands between them


def by_swaks_with_plain(office: PostOfficeProcess, to: str) -> None:
    assert "<-  235 2.7.0 Welcome" in swaks(office, to, "--auth", "PLAIN", "-au", "alice", "-ap", PASSWORD)


def by_swaks_with_login(office: PostOfficeProcess, to: str) -> None:
    assert "<-  235 2.7.0 Welcome" in swaks(office, to, "--auth", "LOGIN", "-au", "alice", "-ap", PASSWORD)


def by_swaks_over_lmtp(office: PostOfficeProcess, to: str) -> None:
    assert " -> LHLO " in swaks(office, to, "--protocol", "LMTP", door="lmtp")


def by_msmtp(office: PostOfficeProcess, to: str, *words: str) -> None:
    run(
        "msmtp", "--host=127.0.0.1", f"--port={office.doors['smtp'][1]}", *(words or ["--tls=off"]), "--auth=plain",
        "--user=alice", f"--passwordeval=echo {PASSWORD}", "--from=alice@example.com", to,
        given=LETTER.replace(b"\r\n", b"\n"),
    )  # fmt: skip


def nodemailer(office: PostOfficeProcess, mail: object, given: bytes = b"", **options: object) -> str:
    script = str(Path(__file__).with_name("nodemailer.js"))
    login = {"user": "alice", "pass": PASSWORD}
    words = {
        "port": office.doors["smtp"][1],
        "name": NAME,
        "auth": login,
        "mail": mail,
        **(options or {"ignoreTLS": True}),
    }
    return run("node", script, json.dumps(words), given=given).decode()


def by_nodemailer(office: PostOfficeProcess, to: str, **options: object) -> None:
    mail = {"envelope": {"from": "alice@example.com", "to": [to]}, "raw": True}
    assert nodemailer(office, mail, LETTER, **options) == "250 2.0.0 Message stored\n"


SENDERS = [
    by_smtplib,
    by_aiosmtplib,
    pytest.param(by_curl, marks=needs("curl")),
    pytest.param(by_swaks, marks=needs("swaks")),
    pytest.param(by_swaks_in_a_pipeline, marks=needs("swaks")),
    pytest.param(by_swaks_with_plain, marks=needs("swaks")),
    pytest.param(by_swaks_with_login, marks=needs("swaks")),
    pytest.param(by_swaks_over_lmtp, marks=needs("swaks")),
    pytest.param(by_msmtp, marks=needs("msmtp")),
    pytest.param(by_nodemailer, marks=needs_nodemailer),
]


@pytest.mark.parametrize("send", SENDERS)
def test_what_a_program_sends_is_kept_to_the_octet(
    office: PostOfficeProcess, send: Callable[[PostOfficeProcess, str], None]
) -> None:
    to = f"{send.__name__}@example.com"
    send(office, to)
    assert fetched(office, to) == LETTER


def trusted(office: PostOfficeProcess) -> str:
    """Return the file that clients trust."""
    return str(office.mailbox / ".tls" / "ca.pem")


def by_aiosmtplib_in_tls(office: PostOfficeProcess, to: str) -> None:
    host, port = office.doors["smtp"]
    sending = aiosmtplib.send(
        LETTER, sender="alice@example.com", recipients=[to], hostname=host, port=port, start_tls=True,
        local_hostname=NAME,
        cert_bundle=trusted(office),
    )  # fmt: skip
    assert asyncio.run(sending)[1] == "2.0.0 Message stored"


def by_curl_in_tls(office: PostOfficeProcess, to: str) -> None:
    by_curl(office, to, "--ssl-reqd", "--cacert", trusted(office))


def by_curl_inside_tls(office: PostOfficeProcess, to: str) -> None:
    by_curl(office, to, "--cacert", trusted(office), door="smtps")


def by_swaks_in_tls(office: PostOfficeProcess, to: str) -> None:
    words = ["--tls-verify", "--tls-ca-path", trusted(office), "--auth", "PLAIN", "-au", "alice", "-ap", PASSWORD]
    assert " ~> AUTH PLAIN " in swaks(office, to, "--tls", *words)


def by_swaks_inside_tls(office: PostOfficeProcess, to: str) -> None:
    assert " ~> DATA" in swaks(
        office, to, "--tls-on-connect", "--tls-verify", "--tls-ca-path", trusted(office), door="smtps"
    )


def by_msmtp_in_tls(office: PostOfficeProcess, to: str) -> None:
    by_msmtp(office, to, "--tls=on", "--tls-starttls=on", f"--tls-trust-file={trusted(office)}")


def by_nodemailer_in_tls(office: PostOfficeProcess, to: str) -> None:
    by_nodemailer(office, to, requireTLS=True, tls={"ca": Path(trusted(office)).read_text()})


@pytest.mark.parametrize(
    "send",
    [
        by_aiosmtplib_in_tls,
        pytest.param(by_curl_in_tls, marks=needs("curl")),
        pytest.param(by_curl_inside_tls, marks=needs("curl")),
        pytest.param(by_swaks_in_tls, marks=needs_swaks_with_tls),
        pytest.param(by_swaks_inside_tls, marks=needs_swaks_with_tls),
        pytest.param(by_msmtp_in_tls, marks=needs("msmtp")),
        pytest.param(by_nodemailer_in_tls, marks=needs_nodemailer),
    ],
)
def test_what_a_program_sends_in_tls_is_kept_to_the_octet(
    office: PostOfficeProcess, send: Callable[[PostOfficeProcess, str], None]
) -> None:
    to = f"{send.__name__}@example.com"
    send(office, to)
    assert fetched(office, to) == LETTER
    assert b" tls=TLSv1." in office.file(to).read_bytes()


def test_what_a_program_attached_is_downloaded_to_the_octet(office: PostOfficeProcess) -> None:
    by_smtplib(office, "attached@example.com")
    with urlopen(f"{office.url}/mailbox/attached@example.com/1/part/1.2", timeout=PLENTY) as response:
        assert response.read() == ATTACHED
        assert response.headers["Content-Disposition"] == 'attachment; filename="all octets.bin"'


@needs_nodemailer
def test_what_nodemailer_composes_reads_as_it_was_meant(office: PostOfficeProcess) -> None:
    to = "composed@example.com"
    attachment = {"filename": "zażółć.bin", "encoding": "base64", "content": base64.b64encode(ATTACHED).decode()}
    mail = {
        "from": "Łucja <alice@example.com>", "to": to, "bcc": "secretly@example.com", "subject": "Gęślą jaźń",
        "text": TEXT, "textEncoding": "quoted-printable", "html": "<p>zażółć", "attachments": [attachment],
    }  # fmt: skip
    nodemailer(office, mail)
    got = fetched(office, to)
    assert got == fetched(office, "secretly@example.com")
    message = email.message_from_bytes(got, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert (message["From"], message["Subject"]) == ("Łucja <alice@example.com>", "Gęślą jaźń")
    body, (part,) = message.get_body(("plain",)), message.iter_attachments()
    assert body
    assert body.get_content() == TEXT
    assert (part.get_filename(), part.get_content()) == ("zażółć.bin", ATTACHED)


# Reading


def fetched(office: PostOfficeProcess, mailbox: str) -> bytes:
    """Return the only mail of a mailbox, over a bare socket: every octet between the reply and the closing dot."""
    with office.connect("pop3") as peer:
        peer.say(f"USER {mailbox}\r\nPASS x\r\nLIST\r\nRETR 1\r\nQUIT\r\n".encode())
        said = peer.rest()
    listed, _, rest = (
        said.partition(b"+OK 1 message\r\n")[2].partition(b"+OK 1 message\r\n1 ")[2].partition(b"\r\n.\r\n")
    )
    first, _, rest = rest.partition(b"\r\n")
    assert first == b"+OK %s octets" % listed, said[:500]
    mail, end, goodbye = rest.rpartition(b".\r\n+OK ")
    assert (end, goodbye) == (b".\r\n+OK ", b"Goodbye\r\n")
    mail = re.sub(rb"(?m)^\.", b"", mail)
    assert len(mail) == int(listed)
    return mail


def with_poplib(office: PostOfficeProcess, mailbox: str, _folder: Path) -> bytes:
    client = poplib.POP3(*office.doors["pop3"], timeout=PLENTY)
    client.user(mailbox)
    client.pass_("x")
    lines = client.retr(1)[1]
    client.quit()
    return b"".join(line + b"\r\n" for line in lines)


def with_curl(office: PostOfficeProcess, mailbox: str, _folder: Path) -> bytes:
    url = "pop3://{}:{}/1".format(*office.doors["pop3"])
    return run("curl", "-q", "--silent", "--show-error", "--max-time", str(PLENTY), "--user", f"{mailbox}:x", url)


def with_curl_in_tls(office: PostOfficeProcess, mailbox: str, _folder: Path) -> bytes:
    urls = [f"pop3://127.0.0.1:{office.doors['pop3'][1]}/1", f"pop3s://127.0.0.1:{office.doors['pop3s'][1]}/1"]
    words = ["-q", "--silent", "--show-error", "--max-time", str(PLENTY), "--ssl-reqd", "--cacert", trusted(office)]
    one, other = (run("curl", *words, "--user", f"{mailbox}:x", url) for url in urls)
    assert one == other
    return one


def with_mpop(office: PostOfficeProcess, mailbox: str, folder: Path) -> bytes:
    return mpop(office, mailbox, folder, "--tls=off")


def with_mpop_in_tls(office: PostOfficeProcess, mailbox: str, folder: Path) -> bytes:
    return mpop(office, mailbox, folder, "--tls=on", "--tls-starttls=on", f"--tls-trust-file={trusted(office)}")


def mpop(office: PostOfficeProcess, mailbox: str, folder: Path, *words: str) -> bytes:
    """It looks at CAPA, pipelines, asks for UIDL and deletes what it kept; the file has LF."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir()
    run(
        "mpop", "--host=127.0.0.1", f"--port={office.doors['pop3'][1]}", *words, "--auth=user",
        f"--user={mailbox}", "--passwordeval=echo x", "--keep=off", "--received-header=off",
        f"--uidls-file={folder}/uidls", f"--delivery=maildir,{folder}", home=folder,
    )  # fmt: skip
    (path,) = (folder / "new").iterdir()
    assert path.read_bytes().count(b"\r") == 0
    with office.connect("pop3") as peer:
        peer.say(f"USER {mailbox}\r\nPASS x\r\nQUIT\r\n".encode())
        assert peer.rest().endswith(b"+OK 0 messages\r\n+OK Goodbye\r\n")
    return path.read_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    "fetch",
    [
        with_poplib,
        pytest.param(with_curl, marks=needs("curl")),
        pytest.param(with_curl_in_tls, marks=needs("curl")),
        pytest.param(with_mpop, marks=needs("mpop")),
        pytest.param(with_mpop_in_tls, marks=needs("mpop")),
    ],
)
def test_what_a_program_fetches_is_what_was_sent(
    office: PostOfficeProcess,
    fetch: Callable[[PostOfficeProcess, str, Path], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poplib, "_MAXLINE", 1_000_000)  # it takes 2048 octets otherwise
    to = f"{fetch.__name__}@example.com"
    by_smtplib(office, to)
    assert fetch(office, to, tmp_path) == LETTER
