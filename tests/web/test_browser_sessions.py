"""Sessions in a real browser, while real clients talk to the real process: each line is there before the next."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.process import Peer, PostOfficeProcess
from tests.web.conftest import Reader
from tests.web.looks import violations

pytestmark = pytest.mark.browser

Start = Callable[..., PostOfficeProcess]

ANEW = "The server was started anew; what is shown here is not kept any more"
PATIENCE = 20_000  # ms; the machine may be busy with other tests


@pytest.fixture
def talk(house: PostOfficeProcess) -> Iterator[Peer]:
    with house.connect() as peer:
        yield peer


def click(link: Locator) -> None:
    """Click, and return when the page that it leads to is there whole and its scripts have run."""
    link.click()
    link.page.wait_for_load_state()


def follow(reader: Reader, house: PostOfficeProcess, peer: Peer, *, fresh: bool = False, still: bool = False) -> Page:
    """Open the page of a client that is connected; one that is `still` learns no news."""
    address = f"127.0.0.1:{peer.socket.getsockname()[1]}"
    page = reader.open(f"{house.url}/sessions?address={address}", fresh=fresh)
    if still:
        page.route("**/*news=1*", lambda route: route.abort())
    click(page.locator(".sessions .what a").first)
    page.wait_for_selector("#feed[data-state=live]")
    page.set_default_timeout(PATIENCE)
    return page


def test_each_line_is_in_the_page_before_the_next_is_sent(reader: Reader, house: PostOfficeProcess, talk: Peer) -> None:
    page = follow(reader, house, talk)
    rows = page.locator("#lines > li")
    assert page.locator("#facts").inner_text().startswith("Open, live")
    told = 0
    for said, answer in (
        ("RCPT TO: bob@example.com", "403"), ("HELO x", "200"), ("MAIL FROM: a@x", "200"),
        ("RCPT TO: watched@example.com", "200"), ("DATA", "200"),
    ):  # fmt: skip
        talk.say(f"{said}\n".encode())
        told += 2
        expect(rows).to_have_count(told, timeout=PATIENCE)
        expect(rows.nth(told - 2)).to_contain_text(said)
        expect(rows.nth(told - 1)).to_contain_text(answer)
        talk.line()
    expect(page.locator(".map .now")).to_contain_text("recipient known")
    state = page.get_by_role("status").filter(has_text="State")
    expect(state).to_have_text("State 3, recipient known")
    expect(page.locator("#wait")).to_contain_text("Waiting for the rest of the message")
    expect(page.locator(".next")).to_contain_text("Reading a message; a line that holds a single dot ends it.")
    talk.say(b"half a li")
    expect(rows.last).to_contain_text("half a lino line end")
    talk.say(b"ne\n")
    expect(rows.last).to_contain_text(r"half a li¦ne\n")
    talk.say(b".\n")
    expect(page.locator(".why.good")).to_contain_text("Stored as watched@example.com 1, on disk after")
    expect(page.locator(".map .now")).to_contain_text("delivered")
    assert page.locator("#facts").inner_text().count("1 mail stored") == 1
    talk.say(b"QUIT\n")
    expect(page.locator("#facts")).to_contain_text("Ended")
    expect(state).to_have_text("State 0, delivered; ended")
    expect(page.get_by_role("button", name="following")).to_have_count(0)
    expect(page.locator("#map-title")).to_have_text("Where it has been")
    expect(page.locator("#wait")).to_contain_text("The server closed it after its last reply")
    # From the line to the mail, and from the mail back to the line.
    page.locator(".why.good a").click()
    page.get_by_role("link", name=re.compile("^Session [0-9]+$")).click()
    expect(page.locator("#lines > li:target .why.good")).to_have_count(1)


def test_a_long_message_takes_no_line_away_while_it_comes(reader: Reader, house: PostOfficeProcess, talk: Peer) -> None:
    talk.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: long@example.com", "DATA")
    page = follow(reader, house, talk)
    rows = page.locator("#lines > li")
    expect(rows).to_have_count(8)
    for said, newest in (
        (b"short line\n" * 900 + b"one\n", "one"), (b"y" * 100, "… 1.8 kB not kept"), (b"\ntwo\nz", "z"),
    ):  # fmt: skip
        talk.say(said)
        expect(rows.last).to_contain_text(newest)
        expect(rows).to_have_count(8 + 20 + 1)  # the first lines of the message, and its newest one
        expect(rows.last).to_contain_text("not shown here")
    talk.say(b"\n.\n")
    expect(rows.last).to_contain_text("Stored as long@example.com")
    expect(rows).to_have_count(8 + 20 + 2)
    expect(rows.first).to_contain_text("HELO x")


def test_it_is_followed_until_that_is_stopped_and_from_then_on_it_is_told_how_much_came(
    reader: Reader, house: PostOfficeProcess, talk: Peer
) -> None:
    page = follow(reader, house, talk)
    page.set_viewport_size({"width": 1280, "height": 600})
    rows, wait, bar = page.locator("#lines > li"), page.locator("#wait"), page.locator("#fresh")
    talk.ask(*["HELO x"] * 20)
    expect(rows).to_have_count(40, timeout=PATIENCE)
    expect(wait).to_be_in_viewport()  # it followed, by itself
    page.get_by_role("button", name="Stop following").click()
    stood = page.evaluate("scrollY")
    talk.ask(*["HELO x"] * 5)
    expect(rows).to_have_count(50, timeout=PATIENCE)
    expect(bar).to_have_text("10 new lines")
    assert page.evaluate("scrollY") == stood
    page.get_by_role("button", name="Follow", exact=True).click()
    expect(bar).to_be_hidden()
    expect(wait).to_be_in_viewport()
    talk.ask(*["HELO x"] * 5)
    expect(rows).to_have_count(60, timeout=PATIENCE)
    expect(wait).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")  # to scroll up stops it as well
    talk.ask("HELO x")
    expect(bar).to_have_text("2 new lines")
    page.keyboard.press("End")
    talk.ask("HELO x")
    expect(rows).to_have_count(64, timeout=PATIENCE)
    expect(bar).to_be_hidden()
    expect(wait).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    talk.ask("HELO x")
    expect(rows).to_have_count(66, timeout=PATIENCE)
    expect(bar).to_be_visible()
    page.route("**/*news=1*", lambda route: route.abort())  # nothing new takes it back
    page.mouse.wheel(0, 100_000)
    expect(bar).to_be_hidden()  # they are in view


def test_the_keys_of_rows_go_from_line_to_line_and_the_map_shows_where_that_was(
    reader: Reader, house: PostOfficeProcess, talk: Peer
) -> None:
    talk.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: b@x")
    page = follow(reader, house, talk, still=True)
    expect(page.locator("#lines > li")).to_have_count(6)
    for key in "kkkj":  # from the newest line
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('li').id") == "l4"
    page.keyboard.press("Enter")
    expect(page.locator("#steps")).to_contain_text("Step 4 of 6")
    expect(page.locator(".map .now")).to_contain_text("sender known")
    page.wait_for_load_state()
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.closest('li').id") == "l3"


def test_the_conversation_is_copied_by_the_link_that_says_so(
    reader: Reader, house: PostOfficeProcess, talk: Peer
) -> None:
    talk.ask("HELO x")
    page = follow(reader, house, talk, fresh=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Copy as C:/S:").click()
    expect(page.locator("#status")).to_have_text("Copied the conversation, one C: or S: line each")
    assert page.evaluate("navigator.clipboard.readText()") == "C: HELO x\\n\nS: 200 OK\\n\n"


def test_the_list_is_live_and_moves_no_row_under_a_reader(reader: Reader, house: PostOfficeProcess) -> None:
    page = reader.open(f"{house.url}/sessions")
    page.set_default_timeout(PATIENCE)
    with house.connect() as peer:
        row = page.locator(".sessions > li").first
        expect(row.locator(".open")).to_be_visible(timeout=PATIENCE)
        page.set_viewport_size({"width": 360, "height": 800})
        expect(row.locator(".open")).to_be_visible()  # not by its colour alone
        page.set_viewport_size({"width": 1280, "height": 800})
        peer.ask("HELO x")
        expect(row).to_contain_text(r"greeted, 1 reply, S: 200 OK\n", timeout=PATIENCE)
        row.hover()
        with house.connect() as other:
            bar = page.locator("#fresh")
            expect(bar).to_have_text("1 session has begun since you looked. Show it", timeout=PATIENCE)
            other.ask("HELO y")
            peer.ask("MAIL FROM: a@x")
            expect(row).to_contain_text("sender known, 2 replies", timeout=PATIENCE)
    expect(row.locator(".open")).to_have_count(0, timeout=PATIENCE)


def test_a_finished_session_is_stepped_through_by_key_and_plays(reader: Reader, house: PostOfficeProcess) -> None:
    with house.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: step@x", "QUIT")
        port = peer.socket.getsockname()[1]
    page = reader.open(f"{house.url}/sessions?address=127.0.0.1:{port}")
    page.set_default_timeout(PATIENCE)
    page.locator(".sessions .what a").first.click()
    click(page.get_by_role("link", name="Step through it"))
    steps = page.locator("#steps")
    expect(steps).to_contain_text("Step 1 of 8")
    expect(page.locator(".map .now")).to_contain_text("initial")
    page.keyboard.press("ArrowRight")
    expect(steps).to_contain_text("Step 2 of 8")
    expect(page.locator(".map .now")).to_contain_text("greeted")
    expect(page.locator("#lines .sel")).to_contain_text("200 OK")
    page.keyboard.press("ArrowLeft")
    expect(steps).to_contain_text("Step 1 of 8")
    for key in ("ArrowRight",) * 5 + ("ArrowLeft",):  # faster than a page comes
        page.keyboard.press(key)
    expect(steps).to_contain_text("Step 5 of 8")
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(steps).to_contain_text("Step 1 of 8")
    page.get_by_role("button", name="Play").click()
    expect(steps).to_contain_text("Step 8 of 8", timeout=3 * PATIENCE)  # with the pauses of the session
    expect(page.locator(".map .now")).to_contain_text("recipient known")
    assert page.url.endswith("step=8#l8")
    page.set_viewport_size({"width": 1280, "height": 400})
    page.keyboard.press("ArrowLeft")
    expect(steps).to_contain_text("Step 7 of 8")
    expect(steps).to_be_in_viewport(ratio=1)  # though what is stood at is far below
    expect(page.locator("#lines .sel")).to_be_in_viewport(ratio=1)
    page.goto(page.url.replace("step=8#l8", "step=1#l1"))
    bar, links = page.locator("header").first.bounding_box(), steps.bounding_box()
    assert bar is not None
    assert links is not None
    assert links["y"] >= bar["y"] + bar["height"]  # not under the bar


def test_a_key_that_goes_back_while_a_step_is_fetched_is_not_lost(reader: Reader, house: PostOfficeProcess) -> None:
    with house.connect() as peer:
        peer.ask("HELO x", "QUIT")
        port = peer.socket.getsockname()[1]
    page = reader.open(f"{house.url}/sessions?address=127.0.0.1:{port}")
    page.set_default_timeout(PATIENCE)
    page.locator(".sessions .what a").first.click()
    click(page.get_by_role("link", name="Step through it"))
    page.wait_for_selector("#feed[data-state=live]")
    held: list[Route] = []
    page.route("**/*step=2*", lambda route: held.append(route))
    with page.expect_request("**/*step=2*"):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    with page.expect_response("**/*step=1*"):
        held[0].continue_()
    expect(page.locator("#steps")).to_contain_text("Step 1 of 4")


def test_all_is_there_without_javascript_a_reload_shows_more(
    reader: Reader, house: PostOfficeProcess, talk: Peer
) -> None:
    talk.ask("HELO x")
    port = talk.socket.getsockname()[1]
    page = reader.open(f"{house.url}/sessions", javascript=False)
    page.get_by_label("Address").fill(f"127.0.0.1:{port}")
    page.get_by_label("Protocol").select_option("My_SMTP")
    page.get_by_role("button", name="Show").click()
    click(page.locator(".sessions .what a").first)
    assert page.locator("#lines > li").count() == 2
    assert page.locator("#facts").inner_text().startswith("Open\n")  # without JavaScript it is not live
    assert page.get_by_role("button", name="following").count() == 0
    click(page.get_by_role("link", name="As C:/S:"))
    assert "C: HELO x" in page.locator("body").inner_text()
    page.go_back()
    talk.ask("MAIL FROM: a@x")
    page.reload()
    assert page.locator("#lines > li").count() == 4
    page.get_by_role("link", name="Step through it").click()
    click(page.get_by_role("link", name="On", exact=True))
    assert "Step 2 of 4" in page.locator("#steps").inner_text()
    page.get_by_label("Beside session").fill("1")
    click(page.get_by_role("button", name="Compare"))
    assert page.locator(".pairs tbody tr").count() > 0


@pytest.fixture(scope="module")
def many(house: PostOfficeProcess, chromium: Browser) -> list[str]:
    """Addresses of every kind of page of sessions, with every kind of thing on them."""
    with house.connect() as peer:
        peer.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: axe@example.com", "DATA hi")
    with house.connect() as peer:
        peer.say(b"HELO x\nMAIL FROM : a@y\nNOPE " + b"x" * 300 + b"\nQUIT\n")
        peer.rest()
        port = peer.socket.getsockname()[1]
    page = chromium.new_page()
    page.goto(f"{house.url}/sessions?address=127.0.0.1:{port}")
    broken = int(page.locator(".sessions .id").first.text_content() or "0")
    page.close()
    return [
        "/sessions?before=4", "/sessions?protocol=lmtp&errors=1", f"/sessions/{broken}?hex=1",
        f"/sessions/{broken - 1}?step=6", f"/sessions/{broken}/beside/{broken - 1}",
    ]  # fmt: skip


def test_axe_finds_nothing_on_the_pages_of_sessions(reader: Reader, house: PostOfficeProcess, many: list[str]) -> None:
    page = reader.open(f"{house.url}/sessions")
    found = []
    for number, path in enumerate(many):
        page.goto(house.url + path)
        found += [f"{path} {each}" for each in violations(page, turned=number % 2 == 1)]
    assert found == []


def test_no_page_of_sessions_scrolls_sideways_and_targets_are_large_enough(
    reader: Reader, house: PostOfficeProcess, many: list[str]
) -> None:
    page = reader.open(f"{house.url}/sessions", width=320)
    for path in many:
        page.goto(house.url + path)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
        small = page.evaluate(
            """() => [...document.querySelectorAll('a, button, summary, select, input')].filter(element => {
                const box = element.getBoundingClientRect();
                if (!box.width || element.closest('.what, p, .skip, svg, label.check, .why')) return false;
                return box.height < 24 || box.width < 24;
            }).map(element => element.outerHTML.slice(0, 120))"""
        )
        assert small == [], path


def test_no_line_of_a_page_ends_within_an_escape(reader: Reader, house: PostOfficeProcess) -> None:
    ports = []
    for more in ("", "x"):
        with house.connect() as peer:
            for length in range(12, 36):  # so that every place of a line falls to some escape
                peer.say(b"HELO " + (b"a" * length) + more.encode() + b"\\\x01\xff\r\n")
                peer.line()
            peer.ask("QUIT")
            ports.append(peer.socket.getsockname()[1])
    page = reader.open(f"{house.url}/sessions?address=127.0.0.1:{ports[0]}", width=390)
    page.set_default_timeout(PATIENCE)
    one, other = (number_at(page, house, port) for port in ports)
    for path in (f"/sessions/{one}/beside/{other}", f"/sessions/{one}"):
        page.goto(house.url + path)
        parted, whole = page.evaluate(
            r"""() => {
                const found = { parted: [], whole: 0 };
                for (const cell of document.querySelectorAll('.x')) {
                    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
                    for (let text; (text = texts.nextNode());) {
                        for (const match of text.data.matchAll(/\\(x[0-9a-f]{2}|[nrt\\])/g)) {
                            const range = document.createRange();
                            range.setStart(text, match.index);
                            range.setEnd(text, match.index + match[0].length);
                            const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
                            lines.size > 1 ? found.parted.push(cell.innerText) : found.whole++;
                        }
                    }
                }
                return [found.parted, found.whole];
            }"""
        )
        assert parted == [], path
        assert whole > 24 * 5, path


def number_at(page: Page, house: PostOfficeProcess, port: int) -> str:
    """Return the number of the session of a client that had this port."""
    page.goto(f"{house.url}/sessions?address=127.0.0.1:{port}")
    return page.locator(".sessions .id").first.text_content() or ""


def started_anew(office: PostOfficeProcess, start: Start) -> PostOfficeProcess:
    """Stop a server and start another at the same addresses, whose sessions are counted from 1 again."""
    office.stop()
    return start("--port", str(office.my_smtp[1]), "--web-port", str(office.web[1]))


def expect_old_lines(page: Page) -> None:
    """Expect a page to say that its session is not kept, and to show what was said in it, and nothing else."""
    expect(page.locator("#status")).to_have_text(ANEW)
    expect(page.locator("#feed")).to_have_text("Not live: the server was started anew")
    lines = page.locator("#lines > li bdi").all_inner_texts()
    # The last words of the old server were news that may have come, or not.
    assert lines[:2] == [r"HELO old.example\n", r"200 OK\n"]
    assert lines[2:] in ([], [r"500 Server shutting down\n"])


@pytest.mark.parametrize("hidden", [False, True])
def test_a_page_of_a_session_that_a_new_server_does_not_keep_says_so_and_stays_as_it_is(
    start: Start, reader: Reader, hidden: bool
) -> None:
    office = start()
    with office.connect() as peer:
        peer.ask("HELO old.example")
        page = reader.open(f"{office.url}/sessions/1")
        expect(page.locator("#facts")).to_contain_text("Open, live")
        if hidden:
            with page.expect_event("requestfailed", lambda request: "/live?" in request.url):
                page.evaluate(SHOW, True)
        again = started_anew(office, start)
    with again.connect() as other:
        other.ask("HELO new.example", "MAIL FROM: a@new.example")
        if hidden:
            page.evaluate(SHOW, False)
        expect_old_lines(page)
        expect(page.locator("#facts")).to_contain_text("Ended")
        expect(page.locator("#wait")).to_contain_text("The server ")  # closed it, or was stopped
        expect(page.get_by_role("button", name="following")).to_have_count(0)
        page.evaluate(SHOW, True)
        with page.expect_event("console", lambda message: message.text == "looked"):
            page.evaluate(SHOW, False)
            other.ask("RCPT TO: b@new.example")
            page.evaluate("fetch('/sessions/1').then(reply => reply.text()).then(() => console.log('looked'))")
        expect_old_lines(page)
    page.get_by_role("link", name="Sessions", exact=True).first.click()  # the page that there is
    expect(page.locator(".sessions > li")).to_have_count(1)


SHOW = """hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
document.dispatchEvent(new Event('visibilitychange')); }"""


@pytest.mark.parametrize("how", ["On", "news", "copy"])
def test_lines_of_another_session_never_stand_under_old_ones_though_no_feed_has_told(
    start: Start, reader: Reader, how: str
) -> None:
    office = start()
    with office.connect() as peer:
        peer.ask("HELO old.example")
        page = reader.open(f"{office.url}/sessions/1{'?step=1' if how == 'On' else ''}", fresh=True)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.evaluate("navigator.clipboard.writeText('nothing yet')")
        page.route("**/live?*", lambda route: route.abort())
        again = started_anew(office, start)
    with again.connect() as other:
        other.ask("HELO new.example", "MAIL FROM: a@new.example")
        if how == "news":
            page.evaluate("document.dispatchEvent(new Event('session'))")
        else:
            page.get_by_role("link", name={"copy": "Copy as C:/S:"}.get(how, how), exact=True).click()
        expect_old_lines(page)
        assert page.evaluate("navigator.clipboard.readText()") == "nothing yet"
        if how == "On":
            expect(page.locator("#steps")).to_contain_text("Step 1 of 2")
            expect(page.locator("#lines .sel")).to_contain_text("old.example")


def with_two_sessions(start: Start) -> PostOfficeProcess:
    office = start()
    for name in ("one", "two"):
        with office.connect() as peer:
            peer.ask(f"HELO {name}", "QUIT")
    return office


def test_two_sessions_that_a_new_server_does_not_keep_are_said_to_be_gone(start: Start, reader: Reader) -> None:
    office = with_two_sessions(start)
    page = reader.open(f"{office.url}/sessions/1/beside/2")
    started_anew(office, start)
    expect(page.locator("#status")).to_have_text(ANEW)
    expect(page.locator("#feed")).to_have_text("Not live: the server was started anew")


def test_a_list_that_is_read_offers_the_sessions_of_a_new_server(start: Start, reader: Reader) -> None:
    office = with_two_sessions(start)
    page = reader.open(f"{office.url}/sessions")
    page.locator(".sessions > li").first.hover()
    again = started_anew(office, start)
    with again.connect() as other:
        other.ask("HELO three")
        expect(page.locator("#fresh")).to_have_text("The server was started anew. Show its sessions")
        expect(page.locator(".sessions > li")).to_have_count(2)
        page.locator("#fresh").click()
        expect(page.locator(".sessions > li")).to_have_count(1)


FOCUSED = "document.activeElement.closest('li')?.id"


def test_news_leaves_the_focus_on_its_line_and_where_that_is_gone_puts_it_on_the_last(
    reader: Reader, house: PostOfficeProcess, talk: Peer
) -> None:
    talk.ask("HELO x", "MAIL FROM: a@x", "RCPT TO: focus@example.com")
    page = follow(reader, house, talk)
    page.set_viewport_size({"width": 1280, "height": 500})
    rows = page.locator("#lines > li")
    expect(rows).to_have_count(6)
    page.get_by_role("button", name="Stop following").click()
    for key in "kj":
        page.keyboard.press(key)
    assert page.evaluate(FOCUSED) == "l6"
    stood = page.evaluate("scrollY")
    talk.ask("DATA")
    expect(rows).to_have_count(8)
    assert page.evaluate(FOCUSED) == "l6"
    assert page.evaluate("document.activeElement.matches('.t:focus-visible')")
    assert page.evaluate("scrollY") == stood
    for _ in range(2):
        page.keyboard.press("j")
    assert page.evaluate(FOCUSED) == "l8"
    talk.say(b"line\n" * 30)
    expect(rows).to_have_count(8 + 20 + 1)
    expect(rows.last).to_contain_text("9 lines")
    assert page.evaluate(FOCUSED) == "l8"
    rows.last.locator("a.t").focus()
    gone = page.evaluate(FOCUSED)
    talk.say(b"line\n" * 30)
    expect(rows.last).to_contain_text("39 lines")
    assert page.locator(f"[id='{gone}']").count() == 0  # it is folded now
    assert page.evaluate(FOCUSED) == rows.last.get_attribute("id")


def test_a_step_leaves_the_focus_on_its_line(reader: Reader, house: PostOfficeProcess, talk: Peer) -> None:
    talk.ask("HELO x", "MAIL FROM: a@x")
    page = follow(reader, house, talk)
    click(page.get_by_role("link", name="Step through it"))
    expect(page.locator("#steps")).to_contain_text("Step 1 of 4")
    page.locator("#l3 a.t").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#steps")).to_contain_text("Step 2 of 4")
    assert page.evaluate(FOCUSED) == "l3"
