"""Fixtures of the proof: a ledger, and servers that are quiet and may be slowed down by a tracer."""

from collections.abc import Callable

import pytest

from tests.durability.ledger import Ledger
from tests.durability.sweeps import QUIET, TRACED
from tests.process import PostOfficeProcess


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def traced(start: Callable[..., PostOfficeProcess]) -> Callable[..., PostOfficeProcess]:
    """Start servers that a tracer may stop: nobody minds their hubs."""

    def begin(*options: str) -> PostOfficeProcess:
        return start(*QUIET, *options, environment=TRACED)

    return begin
