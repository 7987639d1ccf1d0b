"""A server asks nobody anything, and unpacks nothing that came by mail: rules of its code, module by module.

Whatever a mail or a page refers to, no part of the server can fetch it (T59), and no parser of XML, archives or
pickles is at hand that a mail could be given to (T40, T70).
"""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = "mysmtp.postoffice"
FORBIDDEN = {
    "http.client", "urllib.request", "ftplib", "smtplib", "poplib", "imaplib", "telnetlib", "xmlrpc", "webbrowser",
    "requests", "httpx", "aiohttp", "urllib3", "xml", "lxml", "zipfile", "tarfile", "lzma", "bz2",
    "pickle", "marshal", "shelve", "plistlib",
}  # fmt: skip
REACHING = {"create_connection", "connect", "connect_ex", "urlopen", "sendto"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def file_of(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.AST]:
    """Every module of ours that a server has, by name."""
    found: dict[str, ast.AST] = {}
    due = [SERVER]
    while due:
        name = due.pop()
        file = file_of(name) if name.partition(".")[0] == "mysmtp" and name not in found else None
        if file is not None:
            found[name] = ast.parse(file.read_text())
            due += [name.rpartition(".")[0], *imported(found[name])]
    return found


def test_the_rooms_of_a_server_are_looked_at(modules: dict[str, ast.AST]) -> None:
    rooms = {name.split(".")[1] for name in modules if "." in name}
    assert {"protocol", "store", "mime", "web", "search", "inspector", "server"} <= rooms
    assert len(modules) > 150


def test_nothing_that_fetches_or_unpacks_is_imported(modules: dict[str, ast.AST]) -> None:
    wrong = {
        (name, each)
        for name, tree in modules.items()
        for each in imported(tree)
        if each in FORBIDDEN or each.partition(".")[0] in FORBIDDEN
    }
    assert wrong == set()


def test_no_socket_is_connected(modules: dict[str, ast.AST]) -> None:
    wrong = {
        (name, ast.unparse(node))
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in REACHING and ast.unparse(node) != "sqlite3.connect"
    }
    assert wrong == set()
