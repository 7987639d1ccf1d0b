import pytest

from mysmtp.web.site import Deed, Deeds, reachable


@pytest.mark.parametrize(
    ("host", "asked", "shown"),
    [
        ("127.0.0.1", "localhost", "127.0.0.1"),
        ("192.168.1.7", "mail.test", "192.168.1.7"),
        ("0.0.0.0", "mail.test", "mail.test"),
        ("::", "192.168.1.7", "192.168.1.7"),
        ("0.0.0.0", "", "0.0.0.0"),
    ],
)
def test_an_endpoint_as_its_reader_can_use_it(host: str, asked: str, shown: str) -> None:
    assert reachable((host, 2525), asked) == (shown, 2525)


def test_deeds_are_found_by_token_and_mailbox() -> None:
    deeds = Deeds()
    deed = Deed("deleted", "bob", (1, 2))
    token = deeds.remember(deed)
    assert deeds.find(token, "bob") is deed
    assert deeds.find(token, "carol") is None
    assert deeds.find("other", "bob") is None


def test_the_oldest_deeds_are_forgotten() -> None:
    deeds = Deeds(kept=2)
    tokens = [deeds.remember(Deed("deleted", "bob", (number,))) for number in range(3)]
    assert [deeds.find(token, "bob") is not None for token in tokens] == [False, True, True]
