"""Fixtures shared by all tests: the running process; and under MYSMTP_REQUIRE_ALL=1 a skip is a failure."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

# Where the environment forbids it, each of the many processes that tests start would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A shell starts what runs in its background deaf to Ctrl-C, and so would be all that tests start and stop that way.
signal.signal(signal.SIGINT, signal.default_int_handler)

from hypothesis import HealthCheck, settings  # noqa: E402 - rewritten by pytest, which shall keep what it wrote

from tests.process import APP, PostOfficeProcess  # noqa: E402

# How long an example takes, or the making of one, says more about what else the machine does. Who develops has new
# examples at each run; .ci/run judges one tree by the same ones each time.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize="MYSMTP_REQUIRE_ALL" in os.environ,
)
settings.load_profile("any machine")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., PostOfficeProcess]]:
    """Start servers over one folder, with the options given; at the end all are stopped and their hubs judged."""
    running: list[PostOfficeProcess] = []

    def start(
        *options: str,
        program: tuple[str, ...] = APP,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> PostOfficeProcess:
        running.append(PostOfficeProcess(tmp_path, *options, program=program, environment=environment).start())
        return running[-1]

    yield start
    for process in running:
        process.stop()


@pytest.fixture
def office(start: Callable[..., PostOfficeProcess]) -> PostOfficeProcess:
    """A running server with the default settings."""
    return start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("MYSMTP_REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and MYSMTP_REQUIRE_ALL=1 lets nothing be: {report.longrepr}"
    return report


def pytest_collection_finish() -> None:
    """Spare the collector of garbage the thousands of tests and modules, which are none."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Run one process more than there are cores: tests wait for disks, clocks and browsers a third of their time."""
    return (os.cpu_count() or 1) + 1
