"""How many connections there may be, and what is left for the mailbox files."""

import resource

import pytest

from mysmtp.means import connection_caps


@pytest.mark.parametrize(
    ("limit", "wanted", "caps"),
    [
        (resource.RLIM_INFINITY, 5000, (5000, 512)),
        (100_000, 5000, (5000, 512)),
        (2048, 5000, (960, 256)),
        (16, 5000, (4, 2)),
        (1, 5000, (1, 1)),
    ],
)
def test_open_files_are_shared(monkeypatch: pytest.MonkeyPatch, limit: int, wanted: int, caps: tuple[int, int]) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert connection_caps(wanted) == caps


def test_the_limit_is_raised_as_far_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [256, 4096]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.__setitem__(slice(None), wanted))
    assert connection_caps(10_000) == ((4096 - 512 - 512) * 3 // 4, 512)
