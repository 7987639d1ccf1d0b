"""Who is counted together, and who is one too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mysmtp.crowd import Crowd, source_of


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::7", "2001:db8:0:1::/64"),
        ("fe80::7%eth0", "fe80::/64"),
    ],
)
def test_a_client_is_counted_by_its_address_or_network(host: str, source: str) -> None:
    assert source_of(host) == source


def test_one_too_many_is_told_why_and_programs_at_home_may_be_many() -> None:
    crowd = Crowd(5, 2)
    too_many = "too many connections from your address"
    assert [crowd.enter(number, "192.0.2.7") for number in range(3)] == [None, None, too_many]
    crowd.leave(2)
    assert [crowd.enter(number, "::1") for number in range(3, 6)] == [None] * 3
    assert crowd.enter(6, "192.0.2.8") == ""
    crowd.leave(6)
    crowd.leave(0)
    assert crowd.enter(7, "192.0.2.7") is None


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["a", "b", "127.0.0.1"]), st.booleans())))
def test_nothing_is_left_of_those_who_left(steps: list[tuple[int, str, bool]]) -> None:
    crowd, inside = Crowd(10, 3), set()
    for session, host, enters in steps:
        if enters and session not in inside:
            crowd.enter(session, host)
            inside.add(session)
        elif not enters:
            crowd.leave(session)
            inside.discard(session)
    for session in range(31):
        crowd.leave(session)
    assert [crowd.enter(session, "192.0.2.7") for session in range(4)] == [None] * 3 + [
        "too many connections from your address"
    ]
