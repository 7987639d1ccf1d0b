import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from mysmtp.contracts import MessageStore
from mysmtp.message import Trace
from tests.web.letters import HEAD, PNG, rich, simple
from tests.web.posts import message

BOB = "bob@example.com"
AT = f"/mailbox/{BOB}/1"


def shown(client: FlaskClient, path: str = AT) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.text


def tabs(page: str) -> list[str]:
    nav = page.partition('<nav class="tabs"')[2].partition("</nav>")[0]
    return [re.sub("<[^>]*>", " ", label).split()[0] for label in re.findall(r"<a[^>]*>(.*?)</a>", nav)]


def current(page: str) -> str:
    nav = page.partition('<nav class="tabs"')[2].partition("</nav>")[0]
    return "".join(re.findall(r'aria-current="page">(\w+)', nav))


def test_a_mail_has_its_subject_and_a_tab_for_each_view(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    page = shown(client)
    assert "<h1><bdi>The Weekly Postcard</bdi></h1>" in page
    assert tabs(page) == ["HTML", "Text", "Links", "Headers", "Parts", "Raw", "Checks"]
    assert current(page) == "HTML"
    for tab, label in (("html", "HTML"), ("text", "Text"), ("headers", "Headers"), ("parts", "Parts")):
        assert current(shown(client, f"{AT}/{tab}")) == label
    assert current(shown(client, f"{AT}/source")) == "Raw"


def test_a_view_that_does_not_exist_is_absent(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("Lunch?")))
    store.append([BOB], message("Hello, no header\n"))
    store.append([BOB], message(simple("Only HTML", "<p>Hi", "text/html")))
    store.append([BOB], message(simple("Only a file", "x", "application/pdf")))
    assert tabs(shown(client)) == ["Text", "Headers", "Parts", "Raw", "Checks"]
    assert client.get(f"{AT}/html").status_code == 404
    plain = f"/mailbox/{BOB}/2"
    assert tabs(shown(client, plain)) == ["Text"]
    assert [client.get(f"{plain}/{tab}").status_code for tab in ("text", "html", "headers", "parts", "source")] == [
        200, 404, 404, 404, 404,
    ]  # fmt: skip
    assert tabs(shown(client, f"/mailbox/{BOB}/3")) == ["HTML", "Headers", "Parts", "Raw", "Checks"]
    assert current(shown(client, f"/mailbox/{BOB}/4")) == "Parts"


def test_a_mail_of_blank_lines_says_that_its_text_is_empty(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("Hello", "\n \n")))
    store.append([BOB], message("\r\n"))
    assert '<p class="note flush">The text of this mail is empty.</p>' in shown(client)
    assert "This mail has no text: its body is 2 B long." in shown(client, f"/mailbox/{BOB}/2")
    assert '<pre class="body source"' in shown(client, f"{AT}/source")


def test_a_mail_without_a_subject_says_so(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("")))
    assert '<span class="none">No subject</span>' in shown(client)
    assert '<span class="none">no subject</span>' in shown(client, f"/mailbox/{BOB}")
    assert '<span class="none">no subject</span>' in shown(client, "/")


def test_the_real_address_stands_beside_the_name(client: FlaskClient, store: MessageStore) -> None:
    body = HEAD.replace("Alice <", '"boss@bank.example" <') + "Subject: x\n\nHello\n"
    store.append([BOB], message(body))
    page = shown(client)
    assert '<bdi>boss@bank.example</bdi> <bdi class="m">&lt;alice@example.com&gt;</bdi>' in page
    assert "The name looks like another address" in page


@pytest.mark.parametrize(
    ("fields", "field", "shown_as"),
    [
        ("To: undisclosed-recipients:;\n", "To", '<bdi class="m">undisclosed-recipients:;</bdi>'),
        ('Cc: "<b>":;\n', "Cc", '<bdi class="m">&#34;&lt;b&gt;&#34;:;</bdi>'),
        ("To: a:;\nTo: b:;\n", "To", '<bdi class="m">a:; b:;</bdi>'),
        ("To:\n", "To", '<span class="none">empty</span>'),
        ("To: (nobody) ,\n", "To", '<bdi class="m">(nobody) ,</bdi>'),
        ("Subject: x\n", "To", '<span class="none">not in the header</span>'),
    ],
)
def test_a_field_that_names_nobody_is_shown_as_it_is_written(
    client: FlaskClient, store: MessageStore, fields: str, field: str, shown_as: str
) -> None:
    store.append([BOB], message(f"From: alice@example.com\n{fields}X-A: b\n\nHello\n"))
    assert f"<dt>{field}</dt><dd>{shown_as}</dd>" in shown(client)
    in_print = re.sub("<(/?bdi|/?span)[^>]*>", "", shown_as)
    assert f"<dt>{field}</dt><dd>{in_print}</dd>" in re.sub("</?bdi>", "", shown(client, f"{AT}/print"))


def test_a_field_that_is_empty_and_need_not_be_there_is_not_shown(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message("From: alice@example.com\nBcc:\nDate:\n\nHello\n"))
    page = shown(client)
    assert "<dt>Bcc</dt>" not in page
    assert '<dt>Date</dt><dd><span class="none">empty</span></dd>' in page
    assert "<dt>Date</dt><dd>empty</dd>" in shown(client, f"{AT}/print")


def test_a_field_that_names_nobody_at_length_is_cut(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(f"From: alice@example.com\nTo: {'x' * 5000}:;\n\nHello\n"))
    (said,) = re.findall(r"<dt>To</dt><dd>(.*?)</dd>", shown(client))
    assert len(said) < 600


def test_envelope_against_header(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x"), sender="bounces@list.example", to=[BOB, "eve@example.com"]))
    store.append([BOB], message(simple("x"), to=[BOB]))
    store.append([BOB], message(simple("x"), sender="", to=[BOB]))
    page = shown(client)
    assert "bounces@list.example <span" in page
    assert "Not the From header’s address" in page
    assert re.search(r'<dt>Blind copy</dt><dd><bdi class="m person">eve@example.com</bdi> <span class="sub">No', page)
    assert page.count("Blind copy: no header names it") == 1
    for number in (2, 3):
        other = shown(client, f"/mailbox/{BOB}/{number}")
        assert "Not the From" not in other
        assert "Blind copy" not in other


def test_a_date_is_local_or_shown_as_it_was_written(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x")))
    for date in ("Mon, 01 Jan 99999999999999999999 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 -0000"):
        store.append([BOB], message(simple("x").replace(b"Mon, 23 Nov 2026 11:00:00 +0000", date.encode())))
    assert ">Mon 23 Nov 2026, 13:00:00</time>" in shown(client)  # the clock of the test is two hours ahead of UTC
    for number in (2, 3):
        assert "This is no date" in shown(client, f"/mailbox/{BOB}/{number}")


def test_text_has_links_and_nothing_but_text(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    store.append([BOB], message(simple("x", '<b>\x1b[2J\u202e javascript:alert(1) https://e/"onclick=x </pre>')))
    link = (
        '<a href="https://example.com/x" target="_blank" rel="noopener noreferrer nofollow">https://example.com/x</a>.'
    )
    assert link in shown(client, f"{AT}/text")
    page = shown(client, f"/mailbox/{BOB}/2/text")
    assert "&lt;b&gt;\\x1b[2J\\u202e javascript:alert(1) " in page
    assert '<a href="https://e/" ' in page


def test_headers_stand_decoded_and_in_order(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("=?utf-8?q?Gr=C3=BC=C3=9Fe_<b>?=", more="X-Odd:  a\n b\n")))
    page = shown(client, f"{AT}/headers")
    names = re.findall(r'<th scope="row"><bdi>([^<]*)</bdi></th>', page)
    assert names == ["From", "To", "Date", "Message-ID", "Subject", "X-Odd", "Content-Type"]
    assert '<td><bdi dir="auto">Grüße &lt;b&gt;</bdi></td>' in page


def test_parts_tell_size_type_and_hash_and_can_be_saved(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    page = shown(client, f"{AT}/parts")
    assert re.findall(r'class="m no">([\d.]+)<', page) == ["1", "1.1", "1.1.1", "1.1.2", "1.1.2.1", "1.1.2.2", "1.2"]
    saved = client.get(f"{AT}/part/1.2")
    assert saved.data == b"%PDF-"
    assert saved.mimetype == "application/octet-stream"
    assert saved.headers["Content-Disposition"] == 'attachment; filename="letter.pdf"'
    assert saved.headers["Content-Security-Policy"].startswith("sandbox;")
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert saved.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert f'href="{AT}/part/1.2"' in page
    assert "5 B" in page


def test_the_raw_mail_is_a_file_to_save(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    assert "Content-Type: multipart/mixed; boundary=m\n" in shown(client, f"{AT}/source")
    saved = client.get(f"{AT}/body")
    assert saved.data == rich()
    assert saved.headers["Content-Disposition"] == 'attachment; filename="mail-bob@example.com-1.eml"'


def test_html_stands_in_a_sandbox_with_its_own_policy(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    page = client.get(AT)
    assert page.headers["Content-Security-Policy"].endswith("; frame-src 'self'")
    assert re.search(
        rf'<iframe title="[^"]+" sandbox="allow-popups allow-popups-to-escape-sandbox"[^>]* src="{AT}/page">', page.text
    )
    assert "frame-src" not in client.get(f"{AT}/text").headers["Content-Security-Policy"]
    inner = client.get(f"{AT}/page")
    policy = inner.headers["Content-Security-Policy"]
    assert policy == (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"img-src data: http://localhost{AT}/part/; style-src 'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
    assert inner.headers["X-Content-Type-Options"] == "nosniff"
    assert inner.headers["Referrer-Policy"] == "no-referrer"
    assert inner.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "<p>Hello <b>Bob</b></p>" in inner.text


def test_images_of_the_mail_are_found_with_a_key_only_its_page_knows(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    store.append([BOB], message(rich()))
    source = re.search(r'<img[^>]* src="([^"]+)"', shown(client, f"{AT}/page"))
    assert source
    image = client.get(unescape(source[1]))
    assert image.data == PNG
    assert image.mimetype == "image/png"
    assert image.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert image.headers["Content-Disposition"] == 'inline; filename="part-1.1.2.2.png"'
    path = f"{AT}/part/1.1.2.2"
    other = unescape(source[1]).replace("/1/part", "/2/part")
    for url in (
        path,
        f"{path}?key=",
        f"{path}?key=x",
        f"{path}?key=é",
        other,
        unescape(source[1]).replace("1.1.2.2", "1.2"),
    ):
        assert client.get(url).headers["Cross-Origin-Resource-Policy"] == "same-origin", url


def test_what_would_load_is_counted_and_loaded_only_when_asked(client: FlaskClient, store: MessageStore) -> None:
    html = '<img src="http://e/1"><img src="//e/2"><link rel=stylesheet href="http://e/3"><p style="background:url(http://e/4)">x'
    store.append([BOB], message(rich(html)))
    page = shown(client)
    assert "Not loaded: 3 remote images and 1 style sheet." in page
    assert f'href="{AT}/html?remote=1">Load images and fonts</a>' in page
    assert "http://e/" not in shown(client, f"{AT}/page")
    asked = shown(client, f"{AT}/html?remote=1")
    assert f'src="{AT}/page?remote=1"' in asked
    assert "Not loaded: 1 style sheet." in asked
    assert "Load images and fonts" not in asked
    assert f'href="{AT}/html">Load nothing</a>' in asked
    inner = client.get(f"{AT}/page?remote=1")
    assert (
        f"img-src data: http://localhost{AT}/part/ https: http:; font-src https: http:; "
        in inner.headers["Content-Security-Policy"]
    )
    assert "http://e/1" in inner.text
    for site in ("cross-site", "same-site"):  # a link, in a mail or elsewhere, asks for nothing of others
        there = client.get(f"{AT}/page?remote=1", headers={"Sec-Fetch-Site": site})
        assert "https:" not in there.headers["Content-Security-Policy"]
        assert "http://e/1" not in there.text
    for other in ("0", "true", "11", ""):
        assert "https:" not in client.get(f"{AT}/page?remote={other}").headers["Content-Security-Policy"]


def test_html_beyond_all_bounds_is_refused_in_words(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich("<div>" * 2000)))
    page = shown(client)
    assert "This HTML is not shown: " in page
    assert "<iframe" not in page
    assert client.get(f"{AT}/page").status_code == 404


@pytest.mark.parametrize("name", ["a;script-src 'unsafe-inline' *@x", "a,b@x", "a/b@x", "50%@x", "\udcff@x", 'a"b@x'])
def test_no_mailbox_name_adds_to_a_policy(client: FlaskClient, store: MessageStore, name: str) -> None:
    store.append([name], message(rich()))
    link = re.search(r'role="rowheader"><a href="([^"]+)"', client.get("/").text)
    assert link
    inner = client.get(unescape(link[1]) + "/1/page")
    policy = inner.headers["Content-Security-Policy"]
    found = re.fullmatch(
        r"sandbox [a-z -]+; default-src 'none'; img-src data: (\S+); style-src 'unsafe-inline'; .*", policy
    )
    assert found
    assert not re.search(r"[;,'\"*]", found[1])
    source = re.search(r'<img[^>]* src="([^"]+)"', inner.text)
    assert source
    assert client.get(unescape(source[1])).data == PNG


def test_no_address_with_colons_stands_in_a_policy(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    inner = client.get(f"{AT}/page", headers={"Host": "[::1]:8025"})
    assert "img-src data: 'self'; " in inner.headers["Content-Security-Policy"]


HOSTILE = [
    '"><svg/onload=alert(1)>',
    "<script>alert(1)</script>",
    "</title><script>",
    "{{7*7}}",
    "'onclick='x",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("vector", HOSTILE)
def test_nothing_of_a_header_is_markup(client: FlaskClient, store: MessageStore, vector: str) -> None:
    raw = vector.replace('"', '\\"')
    body = rich(name=raw).decode().replace("Subject: The Weekly Postcard", f"Subject: {vector}")
    body = body.replace("From: Alice", f'From: "{raw}"').replace("<logo@x>", f"<{vector}>")
    body = body.replace("application/pdf", f"application/{vector}").replace(
        "To: bob", f"X-{vector}: {vector}\r\nTo: bob"
    )
    store.append([BOB], message(body))
    store.append([BOB], message(body.replace(f"X-{vector}: {vector}\r\n", "X-Odd: " + vector + "\r\n")))
    tabs = ("html", "markup", "text", "links", "headers", "parts", "source", "checks")
    ours = client.get("/keys").text.count("<script")  # of a page without mail
    for tab in ("", *(f"/{each}" for each in tabs), "/page", "/print"):
        for number in (1, 2):
            response = client.get(f"/mailbox/{BOB}/{number}{tab}")
            assert response.status_code in (200, 404)
            assert response.text.count("<script") == (
                0 if tab in ("/page", "/print") and response.status_code == 200 else ours
            )
            for bad in ("<svg/", "onload=alert(1)>", ">49<", "\u202e", "'onclick='x"):
                assert bad not in response.text.replace("&#39;", "’"), (tab, bad)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../x.sh", 'filename="x.sh"'),
        ("CON", 'filename="_CON"'),
        ("", 'filename="part-1.2.pdf"'),
        ("x" * 1000 + ".pdf", f'filename="{"x" * 196}.pdf"'),
    ],
)
def test_names_of_downloads(client: FlaskClient, store: MessageStore, name: str, safe: str) -> None:
    store.append([BOB], message(rich(name=name)))
    assert client.get(f"{AT}/part/1.2").headers["Content-Disposition"] == f"attachment; {safe}"


def test_no_name_ends_a_header(client: FlaskClient, store: MessageStore) -> None:
    body = rich().replace(b'filename="letter.pdf"', b"filename*=utf-8''a%0d%0aSet-Cookie:%20y%e2%80%ae.pdf")
    store.append([BOB], message(body))
    response = client.get(f"{AT}/part/1.2")
    assert "Set-Cookie" not in response.headers
    assert "\r" not in response.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf", "text/html;charset=utf-7",
     'text/html"><script>', "text/javascript", "multipart/x-mixed-replace; boundary=x", "message/rfc822"],
)  # fmt: skip
def test_only_harmless_types_are_kept(client: FlaskClient, store: MessageStore, kind: str) -> None:
    store.append([BOB], message(rich().replace(b"application/pdf", kind.encode())))
    response = client.get(f"{AT}/part/1.2")
    assert response.headers["Content-Disposition"].startswith(("attachment; ", "inline; "))
    inline = response.headers["Content-Disposition"].startswith("inline")
    assert response.mimetype == ("text/plain" if inline else "application/octet-stream")
    assert response.headers["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize(
    "path",
    [
        "9",
        "1.3",
        "0",
        "-1",
        "１",
        "1.1.1.1",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "99999999999999999999",
        "4294967297",
        "1.",
        "cid:logo@x",
    ],
)
def test_parts_that_are_none(client: FlaskClient, store: MessageStore, path: str) -> None:
    store.append([BOB], message(rich()))
    assert client.get(f"{AT}/part/{path}").status_code == 404


@pytest.mark.parametrize("cid", ["../../x", 'logo@x" onerror="x', "other", "", "logo@x/../../1.2", "%2e%2e"])
def test_references_lead_to_parts_of_the_same_mail_only(client: FlaskClient, store: MessageStore, cid: str) -> None:
    store.append([BOB], message(rich(f"<img src='cid:{cid}'>")))
    page = shown(client, f"{AT}/page")
    assert "src=" not in page
    assert "onerror" not in page


def test_what_is_wrong_with_a_mail_is_told(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x", more="Subject: <b>again\nMIME-Version: 1.0\n")))
    assert f'For the sender: <a href="{AT}/checks">1 error</a>' in shown(client)
    page = shown(client, f"{AT}/checks")
    assert "For the sender" not in page
    assert current(page) == "Checks"
    assert '<span class="level error">Error</span> <div><b><bdi>More than one subject field</bdi></b>' in page
    assert '<a href="https://www.rfc-editor.org/rfc/rfc5322#section-3.6" target="_blank"' in page
    assert "<li><bdi>more than one Subject field</bdi></li>" in page


def test_the_way_a_mail_came_is_checked_too(client: FlaskClient, store: MessageStore) -> None:
    body = simple("x", "Grüße\n", more="MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n")
    trace = Trace("esmtp", helo="localhost", parameters=(("body", "8BITMIME"),))
    store.append([BOB], message(body.replace(b"<1@x>", b"<1@x.example>"), trace=trace))
    page = shown(client, f"{AT}/checks")
    assert "The client introduced itself as &#39;localhost&#39;" in page
    assert "For the sender" not in shown(client)


def test_a_mail_with_nothing_to_tell_says_so(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x", more="MIME-Version: 1.0\n")))
    assert "Nothing found. Looked at were" in shown(client, f"{AT}/checks")


def test_plain_text_has_checks_only_where_something_is_found(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message("Hello\n"))
    store.append([BOB], message("Hello\n" + "x" * 999))
    assert tabs(shown(client)) == ["Text"]
    assert client.get(f"{AT}/checks").status_code == 404
    plain = f"/mailbox/{BOB}/2"
    assert tabs(shown(client, plain)) == ["Text", "Checks"]
    assert "Line 2 is longer than 998 octets" in shown(client, f"{plain}/checks")


@pytest.mark.parametrize("via", ["smtp", "esmtp", "lmtp"])
def test_a_mail_without_a_header_by_smtp_is_shown_as_one_that_lacks_it(
    client: FlaskClient, store: MessageStore, via: str
) -> None:
    store.append([BOB], message("Hello Bob\r\n", trace=Trace(via, helo="host.example.com")))
    page = shown(client)
    assert "<h1><bdi>Hello Bob</bdi></h1>" in page
    for label in ("From", "To", "Date"):
        assert f'<dt>{label}</dt><dd><span class="none">not in the header</span></dd>' in page
    assert f'For the sender: <a href="{AT}/checks">2 errors and 1 warning</a>' in page
    assert tabs(page) == ["Text", "Checks"]
    assert "download>Download</a>" in page
    checks = shown(client, f"{AT}/checks")
    assert "<bdi>No From field</bdi>" in checks
    assert "<bdi>No Date field</bdi>" in checks
    printed = shown(client, f"{AT}/print")
    assert '<h1 dir="auto">Hello Bob</h1>' in printed
    assert "<dt>From</dt><dd>not in the header</dd>" in printed
    assert "<dt>Date</dt><dd>not in the header</dd>" in printed


def test_an_empty_mail_by_smtp_is_called_so(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message("", trace=Trace("esmtp")))
    assert '<h1><span class="none">Empty mail</span></h1>' in shown(client)
    assert '<h1 dir="auto">Empty mail</h1>' in shown(client, f"{AT}/print")


def test_the_source_of_html_stands_as_it_came(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich('<script>alert("1")</script><b title=x>\x1b[2J</b>')))
    page = shown(client, f"{AT}/markup")
    source = re.sub("<[^>]*>", "", page.partition('<pre class="body raw source"')[2].partition("</pre>")[0])
    assert unescape(source).endswith('<script>alert("1")</script><b title=x>\\x1b[2J</b>')
    assert '<span class="src-att">title' in page
    assert current(page) == ""
    assert 'aria-current="true">HTML' in page
    assert 'aria-current="page">Source' in page
    store.append([BOB], message(simple("x")))
    assert client.get(f"/mailbox/{BOB}/2/markup").status_code == 404


def test_a_long_source_is_cut_and_says_so(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x", "<p>a\n" * 30_000, "text/html")))
    page = shown(client, f"{AT}/markup")
    assert "The first 100,000 of 150,000 characters are shown." in page


def test_html_is_shown_at_the_widths_there_are(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    page = shown(client, f"{AT}/html?width=phone")
    assert '<div class="frame phone" tabindex="0" role="group" aria-label="The mail at the width of a phone">' in page
    assert f'href="{AT}/html?width=phone" aria-current="true">Phone</a>' in page
    assert f'href="{AT}/html?width=tablet">Tablet</a>' in page
    for other in ("", "?width=", "?width=x%22onclick"):
        page = shown(client, f"{AT}/html{other}")
        assert '<div class="frame"><iframe' in page
        assert f'href="{AT}/html" aria-current="true">Fit</a>' in page


def test_links_and_images_are_listed(client: FlaskClient, store: MessageStore) -> None:
    html = (
        '<a href="https://evil.example/">https://bank.example</a><a href="#top">Up</a><a href="javascript:x()">No</a>'
        '<img src="cid:logo@x"><img src="https://e.invalid/<b>" alt="">'
    )
    store.append([BOB], message(rich(html)))
    page = shown(client, f"{AT}/links")
    assert tabs(page)[2] == "Links"
    assert re.findall(r'nofollow">([^<]*)</a>', page) == ["https://evil.example/", "https://example.com/x"]
    assert "It reads bank.example and leads to evil.example" in page
    assert f'<a href="{AT}/part/1.1.2.2">Part 1.1.2.2</a>' in page
    assert '<span class="warn">none</span>' in page
    assert "https://e.invalid/&lt;b&gt;" in page
    assert "javascript" not in page
    store.append([BOB], message(simple("x")))
    assert client.get(f"/mailbox/{BOB}/2/links").status_code == 404


def test_a_mail_is_printed_with_its_head_and_nothing_round_it(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich("<style>header{display:none}</style><p>Hello <script>x</script></template>")))
    response = client.get(f"{AT}/print")
    assert '<nav class="tabs"' not in response.text
    head, _, body = response.text.partition("<main>")
    assert '<h1 dir="auto">The Weekly Postcard</h1>' in head
    assert "<dd><bdi>Alice &lt;alice@example.com&gt;</bdi></dd>" in head
    assert "<bdi>letter.pdf</bdi> (5 B)" in head
    assert "display" not in head.partition("</style>")[2]
    assert body.startswith('<div><template shadowrootmode="open"><div dir="auto"><style>')
    assert body.count("</template>") == 1
    assert "<script" not in response.text
    assert response.headers["Content-Security-Policy"] == client.get(f"{AT}/page").headers["Content-Security-Policy"]


def test_text_is_printed_too(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x", "<b>Hello\n")))
    store.append([BOB], message("Lunch?\n<b>At noon\n"))
    store.append([BOB], message(simple("x", "%PDF", "application/pdf")))
    assert '<pre dir="auto">\n&lt;b&gt;Hello\n</pre>' in shown(client, f"{AT}/print")
    page = shown(client, f"/mailbox/{BOB}/2/print")
    assert '<h1 dir="auto">Lunch?</h1>' in page
    assert "Lunch?\n&lt;b&gt;At noon\n</pre>" in page
    assert "%PDF" in shown(client, f"/mailbox/{BOB}/3/print")


def test_mail_from_right_to_left_is_laid_out_so(client: FlaskClient, store: MessageStore) -> None:
    store.append(
        [BOB], message(simple("x", "<html dir=rtl><p>\u0645\u0631\u062d\u0628\u0627", "text/html; charset=utf-8"))
    )
    assert '<body dir="auto">' in shown(client, f"{AT}/page")


def test_the_date_tells_what_was_written(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(simple("x")))
    assert 'title="Mon, 23 Nov 2026 11:00:00 +0000">Mon 23 Nov 2026, 13:00:00</time>' in shown(client)


def test_times_are_exact_on_hover(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message("Hello\n"))
    for path in (AT, f"/mailbox/{BOB}", "/", "/all"):
        assert 'title="Mon 23 Nov 2026, 14:00:00.418 +02:00"' in shown(client, path)


def test_nobody_frames_a_mails_page_but_this_server(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message(rich()))
    for tab in ("", "/text", "/headers", "/parts", "/source", "/part/1.2", "/body"):
        response = client.get(AT + tab)
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert client.get(f"{AT}/page").headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_newest_mail_has_an_address_of_its_own(client: FlaskClient, store: MessageStore) -> None:
    store.append([BOB], message("First\n"))
    newest = f"/mailbox/{BOB}/newest"
    assert f'href="{newest}">Follow newest</a>' in shown(client)
    assert "<h1><bdi>First</bdi></h1>" in shown(client, newest)
    store.append([BOB], message("Second\n"))
    page = shown(client, newest)
    assert "<h1><bdi>Second</bdi></h1>" in page
    assert f'Following the newest.</span><a class="follow" href="/mailbox/{BOB}/2">Stop</a>' in page
    assert client.get(f"{newest}?every=2").headers["Refresh"] == "2", "without JavaScript too"
    store.delete(BOB, [1, 2])
    response = client.get(newest)
    assert (response.status_code, response.location) == (303, f"/mailbox/{BOB}")
    assert client.get("/mailbox/nobody@example.com/newest").status_code == 404


def test_an_attached_mail_is_shown_and_saved_under_its_subject(client: FlaskClient, store: MessageStore) -> None:
    parts = (
        b"--f\n\nsee below\n--f\nContent-Type: message/rfc822\n\nSubject: Contract <draft>\nFrom: a@b\n\nhi\n--f--\n"
    )
    store.append([BOB], message(b"From: a@b\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=f\n\n" + parts))
    page = shown(client, f"{AT}/parts")
    assert ">Contract _draft_.eml</bdi></a>" in page
    assert "<dt>Subject</dt><dd><bdi>Contract &lt;draft&gt;</bdi></dd>" in page
    saved = client.get(f"{AT}/part/1.2")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="Contract _draft_.eml"'
