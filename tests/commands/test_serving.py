"""`mysmtp serve`: its settings from flags and environment. What the server does is seen in the tests of the process."""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from mysmtp.commands.serving import serve
from mysmtp.config import OPTIONS, Config


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config | str]:
    """What `serve` does, with a stand-in for gevent and for the process it would start."""
    done: list[Config | str] = []

    def start(config: Config, started: float) -> int:
        assert started <= time.monotonic()
        done.append(config)
        return 7

    monkey = SimpleNamespace(patch_all=lambda: done.append("patched"))
    monkeypatch.setitem(sys.modules, "gevent", SimpleNamespace(monkey=monkey))
    monkeypatch.setitem(sys.modules, "mysmtp.serving", SimpleNamespace(run=start))
    monkeypatch.setattr("mysmtp.serving", sys.modules["mysmtp.serving"], raising=False)
    for name in [name for name in os.environ if name.startswith("MYSMTP_")]:
        monkeypatch.delenv(name)
    return done


def test_serve_patches_first_and_returns_what_the_process_does(served: list[Config | str]) -> None:
    assert CliRunner().invoke(serve, []).exit_code == 7
    assert served == ["patched", Config()]


@pytest.mark.parametrize(
    ("words", "config"),
    [
        (["5050"], Config(port=5050)),
        (["--port", "0", "--web-port", "0"], Config(port=0, web_port=0)),
        (["--smtp-port", "off", "--lmtp-port", "24"], Config(smtp_port="off", lmtp_port=24)),
        (["--max-message-size", "500kB"], Config(max_message_size=500_000)),
        (["--allowed-host", "a", "--allowed-host", "b"], Config(allowed_host=("a", "b"))),
        (
            ["--tls-cert", "c", "--tls-key", "k", "--smtps-port", "465", "--pop3s-port", "995", "--my-smtps-port", "0"],
            Config(tls_cert=Path("c"), tls_key=Path("k"), smtps_port=465, pop3s_port=995, my_smtps_port=0),
        ),
        (["--auth-file", "p", "--require-login"], Config(auth_file=Path("p"), require_login=True)),
        (["--wire", "--log-level", "debug"], Config(wire=True, log_level="debug")),
        (["--mailbox", "elsewhere", "--idle-timeout", "1.5"], Config(mailbox=Path("elsewhere"), idle_timeout=1.5)),
        (["--framing", "lines", "--durability", "os"], Config(framing="lines", durability="os")),
        (["--host", "::1", "--max-connections", "3"], Config(host="::1", max_connections=3)),
    ],
)
def test_settings_from_the_command_line(served: list[Config | str], words: list[str], config: Config) -> None:
    result = CliRunner().invoke(serve, words)
    assert result.exit_code == 7, result.output
    assert served[1] == config


def test_settings_from_the_environment_and_a_flag_wins(served: list[Config | str]) -> None:
    values = {
        "HOST": "::1", "PORT": "1", "WEB_PORT": "2", "SMTP_PORT": "5", "LMTP_PORT": "off", "POP3_PORT": "6",
        "MY_SMTPS_PORT": "7", "SMTPS_PORT": "8", "POP3S_PORT": "off", "TLS": "auto", "TLS_CERT": "c",
        "TLS_KEY": "k", "AUTH_FILE": "p", "REQUIRE_LOGIN": "1", "MAILBOX": "m",
        "MAX_MESSAGE_SIZE": "1KiB", "MAX_INCOMING_SIZE": "2KiB", "MAX_CONNECTIONS": "3",
        "IDLE_TIMEOUT": "4", "FRAMING": "lines",
        "DURABILITY": "os", "ALLOWED_HOST": "a b", "WIRE": "1", "LOG_LEVEL": "error", "SESSIONS_KEPT": "5",
        "SESSION_BYTES": "1KiB", "SEARCH": "off", "MAX_PER_ADDRESS": "8", "KEEP_DAYS": "9", "KEEP_LAST": "10",
    }  # fmt: skip
    assert {f"MYSMTP_{key}" for key in values} == {option.variable for option in OPTIONS}
    given = {f"MYSMTP_{key}": value for key, value in values.items()}
    result = CliRunner(env=given).invoke(serve, ["--port", "9"])
    assert result.exit_code == 7, result.output
    assert served[1] == Config(
        host="::1", port=9, web_port=2, smtp_port=5, lmtp_port="off", pop3_port=6, mailbox=Path("m"),
        max_message_size=1024, max_incoming_size=2048,
        max_connections=3, idle_timeout=4.0, framing="lines", durability="os",
        allowed_host=("a", "b"), my_smtps_port=7, smtps_port=8, tls="auto", auth_file=Path("p"), require_login=True,
        tls_cert=Path("c"), tls_key=Path("k"),
        sessions_kept=5, session_bytes=1024, search="off", max_per_address=8, keep_days=9, keep_last=10,
        wire=True, log_level="error",
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["--max-message-size", "big"], ["--max-message-size", "0"], ["--port", "65536"], ["--port", "off"],
        ["--smtp-port", "on"], ["--smtp-port", "65536"], ["--port", "-1"], ["abc"], ["--idle-timeout", "0"],
        ["--max-connections", "0"], ["--framing", "x"], ["5050", "--port", "5051"], ["1", "2"],
        ["--mailbox", ""],
    ],
)  # fmt: skip
def test_bad_settings_are_usage_errors(served: list[Config | str], words: list[str]) -> None:
    assert CliRunner().invoke(serve, words).exit_code == 2
    assert served == []
