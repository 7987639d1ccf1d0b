"""A power cut, staged: an ext4 of our own is shut down hard under a server with mails on their way."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

from tests.durability.ledger import Fate, Ledger
from tests.durability.load import Load
from tests.durability.places import PowerCutDisk, another_boot
from tests.durability.sweeps import QUIET, TRACED, kill
from tests.process import PostOfficeProcess


@dataclass(frozen=True, slots=True)
class Cut:
    """What a cut has cost: mails acknowledged, and copies of them that are gone."""

    acknowledged: int
    lost: int


def cut_once(folder: Path, disk: PowerCutDisk, durability: str, seconds: float) -> Cut:
    """Serve for a while, cut the power, start again; with ``sync`` the ledger must agree."""
    ledger = Ledger()
    process = _server(folder, disk, durability)
    with Load(process, ledger, clients=4):
        ledger.wait_for(Fate.ACKNOWLEDGED, 5)
        time.sleep(seconds)
        disk.cut()
        kill(process)
    disk.unmount()
    disk.mount()
    again = _server(folder, disk, durability)
    try:
        if durability == "sync":
            ledger.check(again)
        return Cut(ledger.count(Fate.ACKNOWLEDGED), ledger.lost(disk.place / "mailbox"))
    finally:
        kill(again)


def _server(folder: Path, disk: PowerCutDisk, durability: str) -> PostOfficeProcess:
    program = another_boot(folder)
    process = PostOfficeProcess(disk.place, *QUIET, "--durability", durability, program=program, environment=TRACED)
    process.log = folder / "server.log"
    return process.start()


def cuts(folder: Path, times: int, chance: random.Random) -> str:
    """Cut so many times, then once with ``--durability os``, which must lose mail: otherwise nothing was proved."""
    acknowledged = 0
    for number in range(times):
        acknowledged += one(folder / str(number), "sync", chance.uniform(0, 1)).acknowledged
    control = one(folder / "control", "os", 0.5)
    assert control.lost, f"the control lost nothing of {control.acknowledged} mails: this disk was not cut off"
    return (
        f"{times} power cuts, {acknowledged} mails acknowledged, 0 lost; "
        f"control without sync: {control.lost} copies of {control.acknowledged} mails lost"
    )


def one(folder: Path, durability: str, seconds: float) -> Cut:
    """Do it on a fresh disk in this folder. Raises NotHere."""
    folder.mkdir()
    disk = PowerCutDisk(folder / "image", folder / "disk")
    try:
        return cut_once(folder, disk, durability, seconds)
    finally:
        disk.unmount()
