import pytest

from mysmtp.web.site import reachable


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
