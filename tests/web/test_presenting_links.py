import pytest

from mysmtp.mime.html import Image, Link
from mysmtp.web.presenting_links import ImageRow, LinkRow, doubt, images_of, left_out_words, links_of
from mysmtp.web.surveys import Survey


@pytest.mark.parametrize(
    ("text", "url", "said"),
    [
        ("Read on", "https://evil.example/", ""),
        ("bank.example", "https://bank.example/login", ""),
        ("https://www.bank.example/", "https://bank.example/login", ""),
        ("bank.example", "https://click.bank.example/?u=1", ""),
        ("click.bank.example", "https://bank.example/", ""),
        ("https://bank.example/login", "https://evil.example/", "It reads bank.example and leads to evil.example"),
        ("BANK.example", "https://notbank.example/", "It reads bank.example and leads to notbank.example"),
        ("bank.example", "https://bank.example@evil.example/", "It reads bank.example and leads to evil.example"),
        ("bank.example", "http://[/", "It reads bank.example and leads to nowhere"),
        ("bob@example.com", "mailto:bob@example.com", ""),
        ("See bank.example for more", "https://evil.example/", ""),
    ],
)
def test_a_text_that_names_another_host(text: str, url: str, said: str) -> None:
    assert doubt(Link(url, text)) == said


def test_each_link_stands_once_and_is_followed_only_as_it_is_shown() -> None:
    odd = "https://x.example/\u202e"
    rows = links_of([Link("https://x.example/", "a\x1b"), Link("https://x.example/", "a\x1b"), Link(odd, "b")])
    assert rows == (
        LinkRow("https://x.example/", "https://x.example/", "a\\x1b", ""),
        LinkRow("https://x.example/\\u202e", None, "b", ""),
    )


def test_a_long_address_is_cut_where_it_is_shown_not_where_it_leads() -> None:
    url = "https://x.example/" + "a" * 1000
    (row,) = links_of([Link(url, "")])
    assert (len(row.shown), row.url) == (501, url)


def test_whence_images_come() -> None:
    sources = ["cid:logo@x", "cid:none", "https://e/x", "//e/x", "data:image/png;base64,AAAA", "x.png", ""]
    rows = images_of([Image(source, "", False) for source in sources], {"cid:logo@x": "1.2"}.get)
    assert [row.whence for row in rows] == [
        "Part 1.2", "Not in the mail", "Elsewhere", "Elsewhere", "In the HTML itself", "Nowhere", "Nowhere",
    ]  # fmt: skip
    assert rows[0] == ImageRow("cid:logo@x", "", "Part 1.2", "1.2")


def test_what_is_not_listed_is_told() -> None:
    link, image = Link("https://x", ""), Image("x", None, False)
    assert left_out_words(Survey((), (link,), (image,), 1, 1)) == ""
    assert left_out_words(Survey((), (link,), (image,), 1200, 1)) == "The first 1 of 1,200 links are listed."
    both = left_out_words(Survey((), (link,), (image,), 2, 3))
    assert both == "The first 1 of 2 links and 1 of 3 images are listed."
