"""The search page as its reader gets it: results, marks, what is wrong with a search, and how to search."""

import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus
from mysmtp.search.index import MailIndex
from mysmtp.web import Setup, create_app
from tests.web.conftest import ENDPOINTS, client_of
from tests.web.letters import rich, simple
from tests.web.posts import message

BOB = "bob@example.com"
HOSTILE = '<script>alert("x")</script>'


def search(client: FlaskClient, text: str, status: int = 200, **more: str) -> str:
    reply = client.get("/search", query_string={"q": text, **more})
    assert reply.status_code == status
    return reply.text


def rows(page: str) -> list[str]:
    return re.findall(r'<a href="(/mailbox/[^"]+)"', page.partition('id="list"')[2])


def test_what_is_found_is_listed_newest_first_with_its_mailbox(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("Invoice one\nfor you\n"))
    store.append([BOB, "carol@example.com"], message(simple("Invoice 2", "about an invoice\n")))
    page = search(client, "invoice")
    assert sorted(rows(page)) == [
        "/mailbox/bob@example.com/1?q=invoice",
        "/mailbox/bob@example.com/2?q=invoice",
        "/mailbox/carol@example.com/1?q=invoice",
    ]
    assert "3 mails in 2 mailboxes" in page
    assert '<bdi class="box">carol@example.com</bdi>' in page
    assert page.count('<span class="vh">New: </span>') == 3
    assert "<mark>Invoice</mark> 2" in page
    assert "about an <mark>invoice</mark>" in page
    assert "<title>invoice: 3 mails in 2 mailboxes · mysmtp</title>" in page
    assert 'type="search" name="q" value="invoice"' in page
    assert "1 to 3 of 3" in page


def test_marks_show_why_a_mail_was_found_where_its_text_does_not(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message(rich(name="report.pdf")))
    assert "File: <mark>report</mark>.pdf</bdi>" in search(client, "report")
    assert "Header: MIME-Version: <mark>1.0</mark></bdi>" in search(client, 'header:"1.0"')
    assert "To: <mark>bob@example.com</mark></bdi>" in search(client, "to:bob@example.com")


def test_nothing_from_a_mail_or_a_search_is_markup(store: MessageStore, client: FlaskClient) -> None:
    store.append([f"{HOSTILE.lower()}@x"], message(f"{HOSTILE}\nalert {HOSTILE}\n", sender=f"{HOSTILE}@x"))
    for text in ("alert", HOSTILE, "<script>alert", "subject:<script>alert", "<b><script>alert", "no:<script>alert(1)"):
        assert "<script>alert" not in search(client, text)
    page = search(client, "alert")
    assert "&lt;<mark>script</mark>&gt;" in search(client, "script")
    assert rows(page)


def test_an_unclosed_quotation_is_said(client: FlaskClient) -> None:
    page = search(client, 'hello "<b>', 400)
    assert "<h1>This search can’t be read</h1>" in page
    assert "&#34;&lt;b&gt;" in page
    assert "never closed" in page
    assert 'value="hello &#34;&lt;b&gt;"' in page


@pytest.mark.parametrize("text", ["x" * 513, "%" * 100_000, "(a+)+$ " * 20, '"', "NEAR(", "from:", "before:never"])
def test_a_search_that_cannot_be_read_is_a_bad_request(client: FlaskClient, text: str) -> None:
    reply = client.get("/search", query_string={"q": text})
    assert reply.status_code == (200 if text in ("NEAR(", "(a+)+$ " * 20) else 400)


def test_without_a_search_the_page_says_how(client: FlaskClient) -> None:
    page = client.get("/search").text
    operators = "from: to: subject: body: header: filename: in: has:attachment is:unread is:read before: after: larger:"
    for operator in (*operators.split(), "smaller:", "-draft", "&#34;thank you&#34;"):
        assert operator in page
    assert "<h1>Search</h1>" in client.get("/search?q=%20").text
    for example in re.findall(r'<th scope="row"><a href="([^"]+)"', page):
        assert client.get(example).status_code == 200


def test_nothing_found_is_said_helpfully(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("invoice\n"))
    page = search(client, "invoice from:nobody")
    assert "No mail fits <bdi><em>invoice from:nobody</em></bdi>." in page
    assert "Searched 1 mail in 1 mailbox: envelopes, headers, decoded text." in page
    assert re.search(r'Without <bdi><code>from:nobody</code></bdi>: <a href="/search\?q=invoice">1 mail</a>', page)
    assert "Without <bdi><code>invoice" not in page


def test_what_lacks_is_named_as_what_it_is(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("invoice\n"))
    assert "No mail has <bdi><em>nowhere &#34;to be&#34;</em></bdi>." in search(client, 'nowhere "to be"')
    assert "No mail fits <bdi><em>-invoice</em></bdi>." in search(client, "-invoice")
    page = search(client, "invoice in:Nobody in:bob in:no@where -in:else")
    assert "No mailbox has <bdi><em>nobody</em></bdi> or <bdi><em>no@where</em></bdi> in its name." in page
    assert "Searched" not in page
    assert "Without <bdi><code>in:Nobody</code></bdi>" not in page
    page = search(client, "invoice in:nobody")
    assert re.search(r'Without <bdi><code>in:nobody</code></bdi>: <a href="/search\?q=invoice">1 mail</a>', page)


def test_words_that_begin_so_are_offered_where_none_is_found_whole(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("invoice\n"))
    offered = r'Words that begin so <bdi><code>([^<]+)</code></bdi>: <a href="([^"]+)">1 mail</a>'
    assert re.findall(offered, search(client, "invo")) == [("invo*", "/search?q=invo*")]
    assert re.findall(offered, search(client, "in:bob invo")) == [("invo* in:bob", "/search?q=invo*+in:bob")]
    assert re.findall(offered, search(client, "invo -draft")) == [("invo*", "/search?q=invo*")]
    assert rows(search(client, "invo*"))
    for text in ("in", '"invo"', "invoice -invo", "lunch", "abcd efgh ijkl invo", "invo!"):
        assert "Words that begin so" not in search(client, text)


def test_all_mails_that_lack_a_word_are_not_offered(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("invoice\n"))
    store.append([BOB], message("lunch\n"))
    page = search(client, "invoice -invoice")
    assert re.findall(r'Without <bdi><code>([^<]+)</code></bdi>: <a href="([^"]+)">1 mail', page) == [
        ("-invoice", "/search?q=invoice")
    ]


def test_all_of_more_than_are_counted_can_be_deleted(
    store: MessageStore, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mysmtp.search.index.PATIENCE", 30.0)
    for _ in range(7):
        store.append([f"u{number}@example.com" for number in range(144)], message("found\n"))
    page = search(client, "found")
    assert "More than 1,000 mails" in page
    assert '<button class="btn danger" name="do" value="delete">Delete all</button>' in page
    assert '<button class="btn" name="do" value="seen">Mark all read</button>' in page
    reply = client.post("/found", data={"q": "found", "do": "delete"}, follow_redirects=True)
    assert "Deleted 1,008 mails" in reply.text


def test_an_unknown_operator_is_searched_as_words(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("tag urgent\n"))
    page = search(client, "tag:urgent")
    assert rows(page)
    assert "tag: is no operator, so tag:urgent was searched as words." in page


def test_pages_are_keyed(store: MessageStore, client: FlaskClient) -> None:
    for number in range(60):
        store.append([BOB], message(f"mail {number}\n"))
    first = search(client, "mail")
    assert "1 to 50 of 60" in first
    (older,) = re.findall(r'<a rel="next" href="([^"]+)"', first)
    second = client.get(older.replace("&amp;", "&")).text
    assert "51 to 60 of 60" in second
    assert len(rows(first)) + len(rows(second)) == len({*rows(first), *rows(second)}) == 60
    (newer,) = re.findall(r'<a rel="prev" href="([^"]+)"', second)
    assert rows(client.get(newer.replace("&amp;", "&")).text) == rows(first)
    for odd in ("x", "-1", "9" * 19, "9" * 30, "٣"):
        assert search(client, "mail", before=odd)


def test_what_was_found_can_be_chosen_and_deleted(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB, "carol@example.com"], message("invoice\n"))
    page = search(client, "invoice")
    keys = re.findall(r'name="mail" value="([^"]+)"', page)
    assert sorted(keys) == ["bob@example.com/1", "carol@example.com/1"]
    back = re.findall(r'name="back" value="([^"]+)"', page)[0].replace("&amp;", "&")
    reply = client.post("/mails", data={"do": "delete", "mail": keys, "back": back}, follow_redirects=True)
    assert reply.request.path == "/search"
    assert "Deleted 2 mails" in reply.text
    assert "No mail has" in reply.text


def test_every_page_has_the_field(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("hello\n"))
    for path in ("/", f"/mailbox/{BOB}", f"/mailbox/{BOB}/1", "/nowhere"):
        assert '<form class="find" role="search" action="/search">' in client.get(path).text


def test_without_an_index_there_is_no_search(odd_client: FlaskClient) -> None:
    assert odd_client.get("/search?q=x").status_code == 404
    assert 'role="search"' not in odd_client.get("/").text


def test_what_is_not_searched_yet_is_said(
    store: MessageStore, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mysmtp.search.index.PATIENCE", -1.0)
    monkeypatch.setattr("mysmtp.search.follower._MAILS", 1)
    for number in range(3):
        store.append([BOB], message(f"mail {number}\n"))
    page = search(client, "mail")
    assert "2 mails are not searched yet." in page
    assert '<a href="/search?q=mail">Search again</a>' in page
    assert "1 mail is not searched yet." in search(client, "mail")
    assert "not searched yet" not in search(client, "mail")


def test_long_mails_are_told(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("word " * 50_000))
    said = "Of one long mail only the beginning of the text is searched, at most 200,000 characters."
    assert said in search(client, "word")
    assert said in search(client, "body:word")
    assert "long mail" not in search(client, "from:nobody in:bob")
    assert "long mail" not in search(client, "filename:word")


def test_a_large_attachment_is_told_to_who_looks_for_names(store: MessageStore, client: FlaskClient) -> None:
    """No text is left out, but more attachments may follow what is read."""
    file = "Content-Type: application/pdf; name=a.pdf\n\n" + "x" * (5 << 20)
    kind = "multipart/mixed; boundary=m"
    store.append([BOB], message(simple("A file", f"--m\n\nSee below.\n--m\n{file}\n--m--\n", kind)))
    assert "long mail" not in search(client, "below")
    assert "long mail" not in search(client, "body:below")
    page = search(client, "filename:pdf")
    assert "Of one long mail only the names of attachments in the first 4 MiB are searched." in page


def test_how_much_is_searched_stands_beside_how_to_search(client: FlaskClient) -> None:
    page = client.get("/search").text
    assert "Of each mail the first 4 MiB are searched, and of its text the first 200,000 characters" in page


def test_an_index_that_cannot_be_used_is_no_failure(store: MessageStore, bus: Bus) -> None:
    class Broken(MailIndex):
        def _catch_up(self, seconds: float) -> object:  # type: ignore[override]
            raise OSError("no room")

    client = client_of(create_app(Setup(store, bus, endpoints=ENDPOINTS, index=Broken(store))))
    page = search(client, "hello", 503)
    assert "The index of words cannot be used now; the log says why." in page


@settings(max_examples=100)
@given(st.text(max_size=60))
def test_any_search_is_answered(store: MessageStore, client: FlaskClient, text: str) -> None:
    if not store.mailboxes():
        store.append([BOB], message(rich()))
    assert client.get("/search", query_string={"q": text.encode("utf-8", "replace")}).status_code in (200, 400)


def test_all_that_a_search_finds_is_deleted_and_comes_back(store: MessageStore, client: FlaskClient) -> None:
    for number in range(70):
        store.append([BOB if number % 2 else "carol@example.com"], message(f"Invoice {number}\n"))
    store.append([BOB], message("Something else\n"))
    page = search(client, "invoice")
    assert "Delete all 70" in page
    told = client.post("/found", data={"q": "invoice", "do": "delete"}, follow_redirects=True).text
    assert "Deleted 70 mails" in told
    assert "No mail has" in told
    assert ([mail.id for mail in store.list(BOB)], len(store.list("carol@example.com"))) == ([36], 0)
    deed = re.search(r'name="deed" value="([^"]+)"', told)
    assert deed
    back = client.post("/undo", data={"deed": deed[1], "back": "/search?q=invoice"}, follow_redirects=True).text
    assert "70 mails are back" in back
    assert "Mark all 70 read" in back
    told = client.post("/found", data={"q": f"invoice in:{BOB}", "do": "seen"}, follow_redirects=True).text
    assert "Marked 35 mails read" in told
    assert (store.summary(BOB).unseen, store.summary("carol@example.com").unseen) == (1, 35)


@pytest.mark.parametrize(
    "form", [{}, {"q": "", "do": "delete"}, {"q": "hello", "do": "burn"}, {"q": "after:x", "do": "delete"}]
)
def test_what_cannot_be_done_to_what_is_found(store: MessageStore, client: FlaskClient, form: dict[str, str]) -> None:
    store.append([BOB], message("hello\n"))
    assert client.post("/found", data=form).status_code == 400
    assert (
        client.post("/found", data={"q": "hello", "do": "delete"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )
    assert len(store.list(BOB)) == 1


def test_one_mail_is_not_called_all(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("Invoice\n"))
    page = search(client, "invoice")
    assert (">Mark it read<" in page, ">Delete it<" in page, "all 1" in page) == (True, True, False)
