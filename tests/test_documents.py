"""The documents tell the truth: conversations are played, generated parts compared, commands and links looked up."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mysmtp import config
from tests.documents import DOCS, with_settings, with_states
from tests.process import ROOT, PostOfficeProcess

PLAYED = re.compile(r"<!-- played by tests/test_documents.py -->\n```\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/protocol.md"])
def test_the_conversation_on_the_page_is_what_the_process_says(page: str, office: PostOfficeProcess) -> None:
    (conversation,) = PLAYED.findall((ROOT / page).read_text())
    with office.connect() as peer:
        for line in conversation.splitlines():
            if line.startswith("C: "):
                peer.say(line[3:].encode() + b"\n")
            else:
                said = re.sub(r"\d\d-\d\d-\d{4}", "dd-mm-yyyy", peer.line().decode())
                assert said == line[3:] + "\n"
        assert peer.rest() == b""


def test_the_page_of_options_is_made_from_the_table_of_options() -> None:
    assert (DOCS / "configuration.md").read_text() == config.as_markdown()


def test_the_drawing_of_the_states_is_made_from_the_table_of_verbs() -> None:
    page = (DOCS / "architecture.md").read_text()
    assert page == with_states(page)


def test_the_settings_for_clients_are_made_from_the_table_of_the_pages() -> None:
    page = (DOCS / "clients.md").read_text()
    assert page == with_settings(page)


def test_every_dependency_is_explained_and_nothing_else_is() -> None:
    required = {
        re.split(r"[<>=]", line)[0]
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
        if line and not line.startswith("#")
    }
    rows = re.findall(r"(?m)^\| ([^|]+) \| (?!what for|---)", (DOCS / "dependencies.md").read_text())
    assert {name for row in rows for name in row.split(", ")} == required


@pytest.mark.parametrize("page", ["README.md", *[f"docs/{path.name}" for path in sorted(DOCS.glob("*.md"))]])
def test_links_and_pictures_exist(page: str) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", (ROOT / page).read_text()):
        assert ((ROOT / page).parent / target).exists(), target


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)`|^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert f"\n{''.join(target)}:" in makefile, target


def test_the_file_format_on_the_page_is_read_as_it_says(
    start: Callable[..., PostOfficeProcess], tmp_path: Path
) -> None:
    record = re.search(r"```\n(===START_EMAIL.*?)```", (DOCS / "protocol.md").read_text(), re.DOTALL)
    assert record
    folder = tmp_path / "mailbox"
    folder.mkdir()
    (folder / "bob@example.com.txt").write_text(record[1])
    with start().connect() as peer:
        peer.ask("HELO x", "LIST bob@example.com")
        assert peer.body() == b"1: Email from alice@example.com (12-03-2025)\n"
        peer.ask("GET_MAIL bob@example.com 1")
        assert peer.body() == b"From: alice@example.com\nDate: 12-03-2025\nHello Bob,\nThis is a test email.\n"


def test_tests_mirror_modules() -> None:
    """Every module of the package has its tests where one looks for them."""
    package, tests = ROOT / "mysmtp", ROOT / "tests"
    rooms = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    for room in sorted(rooms):
        assert list((tests / room).glob("test_*.py")), room
    wired = {
        "__init__",
        "__main__",
        "contracts",
        "powers",
        "message",
        "postoffice",
        "mailports",
        "serving",
        "errors",
        "assets",
    }  # seen through others
    for module in sorted(path.stem for path in package.glob("*.py")):
        assert module in wired or (tests / f"test_{module}.py").exists(), module
