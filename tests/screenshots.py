"""Pictures of every kind of page: `python -m tests.screenshots` starts a server, sends it mail and looks at it.

All pictures go to build/pictures (not kept); those that the documents show go to docs/pictures as well.
"""

import shutil
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.chromium import OPTIONS, PROGRAMS
from tests.moving import moving
from tests.process import ROOT, PostOfficeProcess

APP = str(ROOT / "app.py")
ALL = ROOT / "build" / "pictures"
SHOWN = {"mailbox-light-1280", "mail-dark-1280"}
ALICE = "/mailbox/alice@example.com"
KINDS = {
    "mailboxes": "/",
    "all": "/all",
    "mailbox": ALICE,
    "mail": f"{ALICE}/13",
    "raw": f"{ALICE}/13/raw",
    "foreign": f"{ALICE}/1",
    "search": "/search?q=invoice",
    "not-found": "/search?q=invoice+from:nobody",
    "how-to-search": "/search",
    "unreadable": "/search?q=before:tomorrow",
    "figures": "/figures",
    "keys": "/keys",
    "missing": "/mailbox/alice@exmaple.com",
    "gone": f"{ALICE}/99",
}
POSTCARD = """The Weekly Postcard: five letters worth keeping
Issue 42. This week: how a letter crosses a border.

A letter from Lisbon took nine days and crossed four borders. We followed
it: by van to Vilar Formoso, by night train to Hendaye, and for the last
forty kilometres in the basket of a bicycle.

  1. The stamp      a swallow, 61 cents
  2. The envelope   grey, opened once and closed again
  3. The letter     two pages, in pencil

Letters are kept as they came. So are mails: this one lies in a file that
you can read with any program that reads text.
"""
MAILS = (
    ("alice@example.com", "charlie@example.com", "Minutes of Thursday\nWe agreed on the second draft.\n"),
    ("alice@example.com", "jose@example.com", "Grüße aus Köln\nnaïve café, Straße, ÅÄÖ\n"),
    ("alice@example.com", "m@example.com", "مرحبا بك في خدمتنا الجديدة\nهذا بريد تجريبي\n"),
    ("alice@example.com", "billing@shop.example", "Invoice 2026-0117\nYour invoice: 84.00, due on 7 December.\n"),
    ("alice@example.com", "backup@nas.example", "backup finished in 00:12:41\n" + "copied a file\n" * 800),
    ("alice@example.com", "bob@example.com", "Lunch?\nHi Alice, lunch at 12:30? On Monday you wrote: Not today.\n"),
    ("alice@example.com", "ci@build.example", "[build #48213] FAILED on branch feature/rewrite-the-transport-layer-so-"
     "that-pipelining-and-chunking-work-together (3 of 1,204 tests failed)\n" + "log line\n" * 1200),
    ("alice@example.com", "cron@host.example", "\n"),
    ("alice@example.com", "no-reply@accounts.example", "Reset your password\nUse this link within 30 minutes: "
     "https://accounts.example/reset?token=3f2a\n"),
    ("bob@example.com", "alice@example.com", "Re: Lunch?\nYes. The usual place.\n"),
    ("carol@example.com", "billing@shop.example", "Invoice 2026-0118\nYour invoice.\n"),
    ("dev-team@example.com", "ci@build.example", "[build #48214] passed\n"),
    ("jürgen@example.net", "carol@example.com", "Postkarte\nSchöne Grüße\n"),
    ("very.long.name.of.a.tester@staging.example.com", "qa@example.com", "Test 17 of 40\nPlease ignore.\n"),
)  # fmt: skip


def older_mail() -> str:
    """Return a mailbox file as the original program leaves it, with mail of three days."""
    yesterday, week = (f"{datetime.now() - timedelta(days=days):%d-%m-%Y}" for days in (1, 7))
    mails = (
        ("charlie@example.com", "12-03-2025", "Hello Alice,\nThis is a test email."),
        ("bob@example.com", week, "Keys\nThey are under the third pot."),
        ("party@example.com", yesterday, "You are invited\nCome at eight, bring a chair."),
    )
    return "".join(
        f"===START_EMAIL===\nFrom: {sender}\nDate: {day}\n{body}\n===END_EMAIL===\n\n" for sender, day, body in mails
    )


def send_all(office: PostOfficeProcess) -> None:
    """Send the mails; the last by a client that forgets its greeting first."""
    for mailbox, sender, body in MAILS:
        office.send(mailbox, body=body.encode(), sender=sender)
    with office.connect() as peer:
        peer.say(b"RCPT TO: alice@example.com\n")
        assert peer.line().startswith(b"403 ")
        peer.ask("HELO postcard.example", "MAIL FROM: news@postcard.example", "RCPT TO: alice@example.com")
        peer.ask("RCPT TO: bob@example.com", "DATA")
        peer.say(POSTCARD.encode() + b".\n")
        assert peer.line().startswith(b"200 ")


def shoot(browser: Browser, url: str, name: str, width: int, theme: str) -> None:
    """Take one picture, of the whole page on narrow screens."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if theme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#feed[data-state=live]")
    file = ALL / f"{name}-{theme}-{width}.png"
    page.screenshot(path=file, full_page=width < 1000)
    context.close()
    if file.stem in SHOWN:
        pictures = ROOT / "docs" / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, pictures)


def newest_session(browser: Browser, office: PostOfficeProcess) -> str:
    """Return the path of the newest session's page."""
    page = browser.new_page()
    page.goto(f"{office.url}/sessions")
    path = page.locator(".sessions .what a").first.get_attribute("href")
    page.close()
    return path or ""


TOLD = (
    b"RCPT TO: bob@example.com\n", b"HELO example.com\n", b"MAIL FROM: alice@example.com\n",
    b"RCPT TO: bob@example.com\n", b"DATA\n", b"Lunch at 12:30?\n", b".\n",
)  # fmt: skip


def watch(browser: Browser, office: PostOfficeProcess) -> None:
    """Take a moving picture of a session as it happens, line by line: docs/pictures/session.png."""
    context = browser.new_context(
        viewport={"width": 1180, "height": 800}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    frames = []
    with office.connect() as peer:
        page.goto(f"{office.url}/sessions")
        page.locator(".sessions .what a").first.click()
        page.wait_for_selector("#feed[data-state=live]")
        for number, line in enumerate(TOLD, 1):
            time.sleep(0.9)
            peer.say(line)
            rows = sum(1 if said.startswith(b"Lunch") else 2 for said in TOLD[:number])
            page.locator(f"#lines > li >> nth={rows - 1}").wait_for()
            page.evaluate("scrollTo(0, 0)")
            frames.append(page.screenshot(clip={"x": 0, "y": 48, "width": 1180, "height": 700}))
            if line != b"Lunch at 12:30?\n":
                peer.line()
    context.close()
    pictures = ROOT / "docs" / "pictures"
    (pictures / "session.png").write_bytes(moving(frames, [1.4] * (len(frames) - 1) + [5.0]))


def main() -> None:
    """Take all pictures."""
    ALL.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        mailbox = Path(folder) / "mailbox"
        mailbox.mkdir()
        # From its own folder, so that pages say mailbox/ and not where this run keeps it.
        there = f"import os, runpy; os.chdir({folder!r}); runpy.run_path({APP!r}, run_name='__main__')"
        office = PostOfficeProcess(Path(folder), "--mailbox", "mailbox", program=("-c", there)).start()
        sizes = [(width, theme) for width in (1280, 360) for theme in ("light", "dark")]
        for width, theme in sizes:
            shoot(browser, office.url, "empty", width, theme)
        (mailbox / "alice@example.com.txt").write_text(older_mail())
        send_all(office)
        watch(browser, office)
        kinds = {**KINDS, "sessions": "/sessions", "session": newest_session(browser, office)}
        for kind, path in kinds.items():
            for width, theme in sizes:
                shoot(browser, office.url + path, kind, width, theme)
        office.stop()
    print(f"{len(list(ALL.glob('*.png')))} pictures in {ALL.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
