"""The settings for other programs: what is shown, for which ports, and that the programs that are here can use them."""

import os
import poplib
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from html import unescape

import pytest

from mysmtp.web.snippets import GROUPS, SNIPPETS, filled
from tests.process import ROOT, PostOfficeProcess
from tests.test_real_clients import NODE_PATH, needs, needs_nodemailer

BOB = "bob@example.com"
DOORS = {"my_smtp": ("::1", 1), "smtp": ("192.168.1.7", 2), "pop3": ("127.0.0.1", 3)}


def test_every_placeholder_is_filled_and_only_open_doors_are_named() -> None:
    every = filled(DOORS, "/bin/mysmtp")
    assert [each.name for each in every] == [each.name for each in SNIPPETS]
    assert not [each.text for each in every if "{{" in each.text]
    assert {each.kind for each in filled({"my_smtp": ("h", 1)}, "m")} == {"terminal", "start"}
    texts = {each.name: each.text for each in every}
    assert 'EMAIL_HOST = "192.168.1.7"\nEMAIL_PORT = 2\n' in texts["Django"]
    assert texts["PHP"] == 'sendmail_path = "/bin/mysmtp sendmail -t -i --host 192.168.1.7 --port 2"'
    assert texts["By hand, one line at a time"].startswith("nc ::1 1\n")
    assert "Port       3\n" in texts["Reading"]
    assert 'smtp.SendMail("[::1]:9"' in {each.name: each.text for each in filled({"smtp": ("::1", 9)}, "m")}["Go"]


def test_every_group_has_a_heading() -> None:
    assert {each.kind for each in SNIPPETS} == {"terminal", "start", *GROUPS}


# What the page shows, used


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOfficeProcess]:
    running = PostOfficeProcess(tmp_path_factory.mktemp("office")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shown(office: PostOfficeProcess) -> Mapping[str, str]:
    """The blocks of the page before the first mail, by their names."""
    with urllib.request.urlopen(f"{office.url}/", timeout=20) as response:
        page = response.read().decode()
    return {
        unescape(name).partition(",")[0]: unescape(text)
        for name, text in re.findall(r'aria-label="([^"]*)">([^<]*)</pre>', page)
    }


def mails(office: PostOfficeProcess) -> int:
    pop3 = poplib.POP3(*office.doors["pop3"], timeout=20)
    pop3.user(BOB)
    try:
        pop3.pass_("anything")
    except poplib.error_proto:  # no mailbox before its first mail
        return 0
    count = pop3.stat()[0]
    pop3.quit()
    return count


def run(*words: str, typed: bytes = b"") -> None:
    environment = {**os.environ, "NODE_PATH": NODE_PATH}
    done = subprocess.run(words, input=typed, capture_output=True, cwd=ROOT, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "From a terminal", "From a program", "By hand", "PHP", pytest.param("curl", marks=needs("curl")),
        pytest.param("swaks", marks=needs("swaks")), pytest.param("Node", marks=needs_nodemailer),
    ],
)  # fmt: skip
def test_what_is_shown_sends_a_mail(office: PostOfficeProcess, shown: Mapping[str, str], name: str) -> None:
    before, text = mails(office), shown[name]
    match name:
        case "From a program":
            run(sys.executable, "-c", text)
        case "By hand":
            first, *lines = text.splitlines()
            assert first == f"nc 127.0.0.1 {office.my_smtp[1]}"
            with office.connect() as peer:
                peer.ask(*lines)
        case "PHP":
            command = re.fullmatch(r'sendmail_path = "(.*)"', text)
            assert command
            run("sh", "-c", command[1], typed=b"To: bob@example.com\nSubject: x\nX-PHP-Script: a\n\nHello\n")
        case "Node":
            run(shutil.which("node") or "node", "-e", text)
        case _:
            run("sh", "-c", text)
    assert mails(office) == before + 1


def test_settings_stay_in_reach_once_there_is_mail(office: PostOfficeProcess) -> None:
    office.send(BOB)
    with urllib.request.urlopen(f"{office.url}/", timeout=20) as response:
        assert '<a href="/clients">Clients</a>' in response.read().decode()
    with urllib.request.urlopen(f"{office.url}/clients", timeout=20) as response:
        page = response.read().decode()
    for name, port in (("Django", office.doors["smtp"][1]), ("Reading", office.doors["pop3"][1])):
        assert str(port) in page.partition(f"<b>{name}</b>")[2].partition("</details>")[0]


def test_where_smtp_is_off_nothing_is_said_of_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    words = ("--smtp-port", "off", "--pop3-port", "off")
    office = PostOfficeProcess(tmp_path_factory.mktemp("plain"), *words).start()
    with urllib.request.urlopen(f"{office.url}/clients", timeout=20) as response:
        page = response.read().decode()
    office.stop()
    assert "From a terminal" in page
    assert "Django" not in page
    assert "In a mail program" not in page
