"""What things here are called: this machine, files and folders, the command, as their owner would type them."""

import re
import shutil
import sys
from functools import cache
from pathlib import Path
from socket import gethostname


@cache
def own_name() -> str:
    """Return what this machine calls itself, for greetings; nobody is asked for it but the machine."""
    name = gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,255}", name) else "localhost"


def shown_folder(folder: Path) -> str:
    """Return a folder as its owner would type it from here, with a slash at its end."""
    try:
        return f"{folder.resolve().relative_to(Path.cwd())}/"
    except ValueError:
        return f"{folder}/"


def shown_file(path: Path | None) -> str:
    """Return a file as its owner would type it from here; nothing if there is none."""
    return "" if path is None else shown_folder(path).rstrip("/")


def own_command() -> str:
    """Return how a user of this very installation types `mysmtp` here."""
    beside = Path(sys.executable).with_name("mysmtp")
    if shutil.which("mysmtp"):
        return "mysmtp"
    if not beside.exists():
        return f"{Path(sys.executable).name} -m mysmtp"
    return shown_folder(beside).rstrip("/")


def full_command() -> str:
    """Return how another program starts `mysmtp`, wherever it runs."""
    beside = Path(sys.executable).with_name("mysmtp")
    return str(beside) if beside.exists() else f"{sys.executable} -m mysmtp"
