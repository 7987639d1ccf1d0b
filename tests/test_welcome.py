"""What is printed once a server serves."""

from pathlib import Path

from mysmtp import __version__
from mysmtp.config import Config
from mysmtp.naming import own_command
from mysmtp.welcome import welcome

WEB = ("127.0.0.1", 8025)


def test_each_endpoint_and_what_it_does_is_told(tmp_path: Path) -> None:
    doors = {"my_smtp": ("127.0.0.1", 2525), "smtps": ("127.0.0.1", 465), "pop3": ("127.0.0.1", 110)}
    assert welcome(Config(mailbox=tmp_path), doors, WEB, 0.25).split("\n") == [
        f"mysmtp {__version__}, ready after 0.2 s",
        "  my_smtp://127.0.0.1:2525      takes mail",
        "  smtps://127.0.0.1:465         takes mail, inside TLS",
        "  pop3://127.0.0.1:110          hands it out",
        "  http://127.0.0.1:8025         shows it",
        f"  {f'{tmp_path}/':<28}  keeps it, one text file for each recipient",
        f'Send the first mail:  {own_command()} send --to bob@example.com "Hello Bob"',
        "Stop with Ctrl-C.",
    ]


def test_the_line_to_try_finds_the_server() -> None:
    told = welcome(Config(), {"my_smtp": ("::1", 2600)}, WEB, 1)
    assert f"{own_command()} send --host ::1 --port 2600 --to bob@example.com" in told


def test_what_could_cost_mail_is_told_first() -> None:
    told = welcome(Config(durability="os"), {"my_smtp": ("127.0.0.1", 2525)}, WEB, 1).split("\n")
    assert told[1].strip().startswith("DURABILITY OFF")


def test_a_certificate_of_its_owner_is_named() -> None:
    told = welcome(Config(tls_cert=Path("/etc/tls/cert.pem")), {"my_smtp": ("127.0.0.1", 2525)}, WEB, 1)
    assert "/etc/tls/cert.pem             is the certificate for TLS" in told
