import pytest

from mysmtp.client.completion import Offer, offers
from mysmtp.client.states import DELIVERED, GREETED, INITIAL, RECIPIENT, SENDER, State

NAMES = ("alice@example.com", "bob@example.com", "bob@other.org")


@pytest.mark.parametrize(
    ("typed", "state", "texts"),
    [
        ("", INITIAL, ["HELO ", "QUIT"]),
        ("", GREETED, ["HELO ", "MAIL FROM: ", "LIST ", "GET_MAIL ", "QUIT"]),
        ("", RECIPIENT, ["HELO ", "MAIL FROM: ", "RCPT TO: ", "DATA", "LIST ", "GET_MAIL ", "QUIT"]),
        ("", DELIVERED, ["HELO ", "LIST ", "GET_MAIL ", "QUIT"]),
        ("r", GREETED, []),
        ("r", SENDER, ["RCPT TO: "]),
        ("mail  f", GREETED, ["MAIL FROM: "]),
        ("lis", GREETED, ["LIST "]),
        ("list", GREETED, ["LIST "]),
        ("list ", GREETED, list(NAMES)),
        ("LIST BOB", GREETED, ["bob@example.com", "bob@other.org"]),
        ("rcpt to:", SENDER, list(NAMES)),
        ("rcpt to: <bob@o", SENDER, ["bob@other.org"]),
        ("mail from: ", GREETED, ["alice@example.com", "bob@example.com"]),
        ("get_mail bob@e", DELIVERED, ["bob@example.com"]),
        ("get_mail bob@example.com ", GREETED, []),
        ("list b", INITIAL, []),
        ("helo ", INITIAL, []),
        ("zzz", GREETED, []),
    ],
)
def test_offers(typed: str, state: State, texts: list[str]) -> None:
    assert [offer.text for offer in offers(typed, state, NAMES, "example.com")] == texts


def test_an_offer_replaces_what_was_begun() -> None:
    assert offers("list bob@o", GREETED, NAMES) == [Offer("bob@other.org", 5)]
    assert offers("qu", INITIAL, NAMES) == [Offer("QUIT", 2)]
