import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus
from mysmtp.message import Trace
from mysmtp.web import Endpoints, Setup, create_app
from tests.web.conftest import client_of
from tests.web.letters import rich
from tests.web.posts import NOON, message

BOB = "bob@example.com"


def fill(store: MessageStore, number: int, mailbox: str = BOB) -> None:
    for count in range(number):
        store.append([mailbox], message(f"Mail {count + 1}\nHello\n", at=NOON - timedelta(minutes=number - count)))


def ids(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-id="(\d+)"', page)]


def test_before_the_first_mail_the_page_says_how_to_send_it(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "No mail yet" in page
    for heading in ("From a terminal", "From a program", "By hand, one line at a time"):
        assert heading in page
    assert "nc 127.0.0.1 2525" in page


def test_the_addresses_shown_are_the_running_ones(store: MessageStore, bus: Bus) -> None:
    everywhere = Endpoints(my_smtp=("0.0.0.0", 4000), web=("0.0.0.0", 4001))
    client = client_of(
        create_app(Setup(store, bus, endpoints=everywhere, send_command="bin/mysmtp", mailbox_folder="post/"))
    )
    page = client.get("/", headers={"Host": "192.168.1.7:4001"}).text
    assert "nc 192.168.1.7 4000" in page
    assert "bin/mysmtp send --host 192.168.1.7 --port 4000 --to bob@example.com" in page
    assert "<code>192.168.1.7:4000</code>" in page
    assert "<code>post/</code>" in page


def test_every_page_names_all_ports_and_what_clients_of_tls_trust(store: MessageStore, bus: Bus) -> None:
    others = {"smtps": ("::", 4003), "pop3s": ("127.0.0.1", 4004)}
    secured = Endpoints(("::", 4000), ("::", 4001), ("::", 4002), None, others, "mailbox/.tls/ca.pem")
    page = (
        client_of(create_app(Setup(store, bus, endpoints=secured)))
        .get("/", headers={"Host": "[2001:db8::1]:4001"})
        .text
    )
    foot = page[page.index("<footer") :]
    for name, address in (
        ("My_SMTP", "[2001:db8::1]:4000"), ("SMTP", "[2001:db8::1]:4002"), ("SMTPS", "[2001:db8::1]:4003"),
        ("POP3S", "127.0.0.1:4004"), ("Clients of TLS trust", "mailbox/.tls/ca.pem"),
    ):  # fmt: skip
        assert f"<span>{name} <code>{address}</code></span>" in foot
    plain = (
        client_of(create_app(Setup(store, bus, endpoints=Endpoints(("127.0.0.1", 2525), ("127.0.0.1", 8025)))))
        .get("/")
        .text
    )
    assert "<span>My_SMTP <code>127.0.0.1:2525</code></span>" in plain
    assert "TLS" not in plain[plain.index("<footer") :]


def test_all_mailboxes(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 3)
    store.append(["carol@example.com"], message("Newest\n"))
    page = client.get("/").text
    assert "2, with 4 mails" in page
    assert page.index("carol@example.com") < page.index(BOB)
    assert "<bdi>Mail 3</bdi>" in page
    assert '<a href="/mailbox/bob@example.com">' in page


def test_of_many_mailboxes_a_page_shows_a_hundred(client: FlaskClient, store: MessageStore) -> None:
    for number in range(230):
        store.append([f"box{number:03}@x"], message("Hello\n", at=NOON - timedelta(minutes=number)))
    path, pages = "/", []
    while path:
        pages.append(client.get(path).text)
        older = re.search(r'rel="next" href="([^"]+)"', pages[-1])
        path = unescape(older[1]) if older else ""
    shown = [re.findall(r"<bdi>box(\d+)@x</bdi>", page) for page in pages]
    assert [len(names) for names in shown] == [100, 100, 30]
    assert [int(name) for names in shown for name in names] == [*range(230)]
    assert "101 to 200 of 230" in pages[1]
    assert 'rel="prev" href="/">' in pages[1]
    newer = re.search(r'rel="prev" href="([^"]+)"', pages[2])
    assert newer
    assert "101 to 200 of 230" in client.get(unescape(newer[1])).text
    odd = client.get("/?before=x")
    assert odd.status_code == 400
    assert "that is no place in this list" in odd.text


def test_a_mailbox_answers_list(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 3)
    page = client.get(f"/mailbox/{BOB}").text
    assert ids(page) == [3, 2, 1]
    assert "LIST bob@example.com" in page
    assert '<span class="code k2">200</span> OK' in page
    assert "3 mails, 3 new, 39 B" in page
    assert "Today" in page
    assert ">14:59:" not in page
    assert ">13:59:00</time>" in page  # the clock of the test is two hours ahead of UTC
    assert "3 to 1 of 3" in page
    assert f"<title>(3) {BOB}: 3 mails · mysmtp</title>" in page


def test_mailboxes_are_found_without_case(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 1)
    assert ids(client.get("/mailbox/BOB@Example.com").text) == [1]


def test_paging_there_and_back(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 120)
    first = client.get(f"/mailbox/{BOB}").text
    assert ids(first) == [*range(120, 70, -1)]
    assert "120 to 71 of 120" in first
    assert 'rel="next" href="/mailbox/bob@example.com?before=71"' in first
    assert 'rel="prev"' not in first
    last = client.get(f"/mailbox/{BOB}?before=21").text
    assert ids(last) == [*range(20, 0, -1)]
    assert 'rel="prev" href="/mailbox/bob@example.com?before=71"' in last
    assert 'rel="next"' not in last


@pytest.mark.parametrize("before", ["x", "", "-1", "１", "9" * 30, "1e3", "%00"])
def test_a_key_that_is_none_is_told(client: FlaskClient, store: MessageStore, before: str) -> None:
    fill(store, 1)
    response = client.get(f"/mailbox/{BOB}?before={before}")
    assert response.status_code == 400
    assert "a mail id is needed there, in digits" in response.text


def test_a_mail_answers_get_mail(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 3)
    page = client.get(f"/mailbox/{BOB}/2").text
    assert "GET_MAIL bob@example.com 2" in page
    assert "<h1><bdi>Mail 2</bdi></h1>" in page
    assert "Mail 2\nHello\n</pre>" in page
    assert "mail 2 of 3" in page
    assert 'rel="prev" href="/mailbox/bob@example.com/3">Newer' in page
    assert 'rel="next" href="/mailbox/bob@example.com/1">Older' in page
    assert "Session 57, one refusal, stored at 13:58:00.418" in page
    assert '<svg class="shape"' in page
    assert "<dt>MAIL FROM</dt><dd>alice@example.com</dd>" in page


def test_a_store_without_records_has_no_such_tab(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 1)
    assert "In its file" not in client.get(f"/mailbox/{BOB}/1").text
    assert client.get(f"/mailbox/{BOB}/1/raw").status_code == 404


def test_a_raw_record(odd_client: FlaskClient) -> None:
    page = odd_client.get("/mailbox/odd@example.com/3/raw").text
    assert "===START_EMAIL=== id=3\nFrom: a@x\nHello\\x0d\n===END_EMAIL===\n</pre>" in page
    assert '/raw" aria-current="page"' in page


def test_a_mail_of_another_program_says_so(odd_client: FlaskClient) -> None:
    page = odd_client.get("/mailbox/odd@example.com/1").text
    assert page.count("written by another program, or by hand") == 2
    assert '<svg class="shape"' not in page
    assert "12 Mar 2025" in page


def test_damage_stands_above_the_list(odd_client: FlaskClient) -> None:
    page = odd_client.get("/mailbox/odd@example.com").text
    assert "1 record of this file is damaged and not shown (bytes 1,204 to 1,390)." in page
    assert page.index("1 record of") < page.index('class="mails"')


def test_a_download_is_the_body_and_only_a_download(client: FlaskClient, store: MessageStore) -> None:
    body = bytes(range(256)) * 1000
    store.append([BOB], message(body))
    response = client.get(f"/mailbox/{BOB}/1/body")
    assert response.data == body
    assert response.content_length == len(body)
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"] == 'attachment; filename="mail-bob@example.com-1.txt"'
    assert response.headers["Content-Security-Policy"].startswith("sandbox;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_large_mail_is_cut_and_says_where_the_rest_is(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(b"x" * 2_000_000))
    page = client.get(f"/mailbox/{BOB}/1").text
    assert len(page) < 600_000
    assert "The first 500 kB of 2.0 MB are shown." in page
    assert page.count("/mailbox/bob@example.com/1/body") == 2


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n \n"])
def test_a_mail_without_words_is_a_mail(client: FlaskClient, store: MessageStore, body: bytes) -> None:
    store.append([BOB], message(body, sender=""))
    assert "Empty mail" in client.get(f"/mailbox/{BOB}/1").text
    page = client.get(f"/mailbox/{BOB}").text
    assert "empty mail" in page
    assert "&lt;&gt;" in page


def test_a_leading_newline_of_a_body_is_not_eaten_by_html(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(b"\n\nlate"))
    assert ">\n\n\nlate</pre>" in client.get(f"/mailbox/{BOB}/1").text


VECTORS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</pre><script>alert(1)</script>",
    "{{7*7}}${7*7}`",
    "javascript:alert(1)",
    "\u202egnp.exe",
    "a\x00b\x1b[2Jc",
    "\udcff\udcfe",
]


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_from_a_mail_is_markup(client: FlaskClient, store: MessageStore, vector: str) -> None:
    name = f"{vector}@x".lower()
    trace = Trace(vector, 1, vector, vector, vector)
    store.append([name], message(vector, sender=f"{vector}@y", to=[f"{vector}@z"], trace=trace))
    home = client.get("/").text
    link = re.search(r'<th scope="row" role="rowheader"><a href="([^"]+)"', home)
    assert link
    pages = [home, *(client.get(unescape(link[1]) + rest).text for rest in ("", "/1", "/99", "x"))]
    for page in pages:
        assert page.count("<script") == page.count('<script src="/static/') > 0  # ours
        for bad in ("<img", "<svg/", 'href="javascript', ">49$", "\u202e", "\x00", "\x1b"):
            assert bad not in page, bad
        page.encode()  # no lone surrogate is left
    assert "GET_MAIL" in pages[2]


@pytest.mark.parametrize(
    "name", ["a/7@x", "..", ".", "50%@x", "a@x/7", "a?b#c@x", "jürgen@example.net", "a b@x", "\udcff@x"]
)
def test_links_of_odd_names_lead_there(client: FlaskClient, store: MessageStore, name: str) -> None:
    store.append([name], message("It is here\n"))
    home = client.get("/").text
    link = re.search(r'role="rowheader"><a href="([^"]+)"', home)
    assert link
    box = client.get(unescape(link[1]))
    assert box.status_code == 200
    row = re.search(r'class="what"><a href="([^"]+)"', box.text)
    assert row
    assert "It is here" in client.get(unescape(row[1])).text


def test_reloading_by_itself_without_javascript(client: FlaskClient) -> None:
    plain = client.get("/")
    assert "Refresh" not in plain.headers
    assert 'href="/?every=2">every 2 s</a>' in plain.text
    every = client.get("/?every=2")
    assert every.headers["Refresh"] == "2"
    assert 'Refreshed every 2 s. <a href="/">Stop</a>' in every.text
    assert client.get("/?every=0").headers.get("Refresh") in (None, "1")
    assert "Refresh" not in client.get("/?every=x").headers
    assert client.get("/?every=999").headers["Refresh"] == "60"


def test_reading_changes_nothing(client: FlaskClient, store: MessageStore) -> None:
    fill(store, 2)
    for path in ("", "/1", "/1/raw", "/1/body", "/1/delete", "/delete", "/undo"):
        client.get(f"/mailbox/{BOB}{path}")
    client.get("/theme?theme=dark")
    assert [mail.id for mail in store.list(BOB)] == [1, 2]


@pytest.mark.parametrize("layout", ["/", "/all", f"/mailbox/{BOB}", f"/mailbox/{BOB}/1", "/nothing"])
def test_every_page_has_one_heading_a_language_and_a_way_past_the_bar(
    client: FlaskClient, store: MessageStore, layout: str
) -> None:
    fill(store, 1)
    page = client.get(layout).text
    assert page.count("<h1") == 1
    assert '<html lang="en">' in page
    assert re.search(r"<title>.+ · mysmtp</title>", page)
    assert re.search(r"<body[^>]*>\s*<a class=\"skip\" href=\"#main\">", page)
    assert not re.search(r"\sstyle=|\son[a-z]+=|<script>|<style", page)


def test_all_mail_newest_first_page_by_page(client: FlaskClient, store: MessageStore) -> None:
    for number in range(120):
        store.append([f"box{number % 7}@x"], message(f"Mail {number}\n", at=NOON - timedelta(minutes=number)))
    shown, newer, path = [], [], "/all"
    for words in ("120 to 71 of 120", "70 to 21 of 120", "20 to 1 of 120"):
        page = client.get(path).text
        assert words in page
        shown += re.findall(r"<bdi>Mail (\d+)</bdi>", page)
        found = {rel: unescape(link) for rel, link in re.findall(r'rel="(prev|next)" href="([^"]+)"', page)}
        newer.append(found.get("prev", ""))
        path = found.get("next", "")
    assert [int(number) for number in shown] == [*range(120)]
    assert path == newer[0] == ""
    assert "70 to 21 of 120" in client.get(newer[2]).text
    assert "120 to 71 of 120" in client.get(newer[1]).text
    assert client.get("/all?before=x").status_code == 400
    assert client.get("/all?after=x").status_code == 400


def test_all_mail_stands_at_the_side_and_names_the_mailboxes(client: FlaskClient, store: MessageStore) -> None:
    assert "No mail is in any mailbox." in client.get("/all").text
    store.append(["a/7@x"], message("Odd\n"))
    store.append([BOB], message("Plain\n"))
    side = client.get(f"/mailbox/{BOB}").text
    assert '<a class="across" href="/all">All mail <b>2<span class="vh"> new</span></b></a>' in side
    page = client.get("/all").text
    assert 'href="/all" aria-current="page"' in page
    assert "<title>(2) All mail · mysmtp</title>" in page
    assert '<bdi class="box">a/7@x</bdi>' in page
    link = re.search(r'class="what"><a href="([^"]+252F7[^"]+)"', page)
    assert link
    assert "<h1><bdi>Odd</bdi></h1>" in client.get(unescape(link[1])).text
    assert "<title>(1) All mail · mysmtp</title>" in client.get("/all").text
    box = re.search(r'name="delete" value="([^"]+252F7[^"]+)"', page)
    assert box
    told = client.post("/mails", data={"delete": box[1], "back": "/all"}, follow_redirects=True).text
    assert "Deleted mail 1" in told
    assert "a/7@x</bdi><bdi class" not in told


def test_mailboxes_are_found_by_a_part_of_their_names(client: FlaskClient, store: MessageStore) -> None:
    for name in (
        "alice@example.com",
        "qa-1@staging.example",
        "qa-2@staging.example",
        *(f"{n}@many" for n in range(101)),
    ):
        store.append([name], message("Hello\n"))

    def rows(path: str) -> list[str]:
        return re.findall(r'<th scope="row" role="rowheader"><a href="/mailbox/([^"]*)"', client.get(path).text)

    assert sorted(rows("/?names=STAGING")) == ["qa-1@staging.example", "qa-2@staging.example"]
    page = client.get("/?names=staging").text
    assert 'value="staging"' in page
    assert ">2, with 2 mails, 2 new, 12 B<" in page
    older = re.search(r'rel="next" href="(/[^"]*)"', client.get("/?names=@many").text)
    assert older
    assert len(rows("/?names=@many")) == 100
    assert len(rows(unescape(older[1]))) == 1, "pages keep the filter"
    nothing = client.get("/?names=<b>zebra").text
    assert "No mailbox has <bdi><em>&lt;b&gt;zebra</em></bdi> in its name." in nothing
    assert len(rows("/?names=")) == 100


def test_lists_show_what_a_letter_says_as_it_is_read(store: MessageStore, client: FlaskClient) -> None:
    head = "".join(f"Received: from relay{number}.example.com\r\n" for number in range(20)).encode()
    store.append([BOB], message(head + rich()))
    row = (
        '<a href="{}">.*<bdi>The Weekly Postcard</bdi></a> <span class="tag">1 file</span> <bdi class="snip">Hello Bob'
    )
    assert re.search(row.format(f"/mailbox/{BOB}/1"), client.get(f"/mailbox/{BOB}").text)
    assert re.search(row.format(f"/mailbox/{BOB}/1\\?list=all"), client.get("/all").text)
    assert '<td role="cell" class="sj"><bdi>The Weekly Postcard</bdi></td>' in client.get("/").text


def test_what_could_not_be_delivered_is_marked(store: MessageStore, client: FlaskClient) -> None:
    store.append([BOB], message("Delivery failed\n", sender=""))
    store.append([BOB], message("Lunch?\n"))
    for path in (f"/mailbox/{BOB}", "/all", "/search?q=in:bob"):
        assert client.get(path).text.count('<span class="tag">bounce</span>') == 1, path
