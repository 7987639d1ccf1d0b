// Keeps an open page true. The server's page is the only source: on news it is fetched again and its parts are taken
// over, counts at once, lists only when nobody is reading there. Nothing here builds text from mail.
"use strict";
(() => {
  const PAINT_GAP = 250; // ms: at most four paints a second
  const TELL_GAP = 5000; // ms between two pieces of news in the status line
  const LONGEST_WAIT = 30; // s between two tries to reconnect
  const GIVE_UP = 10; // tries
  const FOLLOW_GAP = 1000; // ms that a mail stands at least where the newest is followed
  const OF_SESSIONS = ["sessions", "session", "beside"]; // pages that mail changes nothing of
  const AT_ONCE = ["troubles", "side", "facts", "crumb", "acts", "damage", "figures"];
  const OF_ONE_RUN = ["session", "beside"]; // what they show is kept until the server stops
  const GONE = "This was deleted or removed meanwhile";
  const RESTARTED = "The server was started anew; what is shown here is not kept any more";
  const byId = (id) => document.getElementById(id);
  const mailsHave = (count) => (count === 1 ? "1 mail has" : `${count.toLocaleString("en")} mails have`);
  let feed = null; // state of the feed, as last shown: [state, words, link words]

  // ---- the feed, its state always in words
  let source = null;
  let tries = 0;
  let timer = 0;
  let last = document.body.dataset.last; // the news this page knows of: the server goes on after them

  function show(state, words, link) {
    feed = [state, words, link];
    const place = byId("feed");
    place.dataset.state = state;
    place.replaceChildren(words);
    if (!link) return;
    const again = document.createElement("a");
    again.href = location.pathname + location.search; // without the fragment, which would only jump
    again.textContent = link;
    place.append(again);
  }

  function stop() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function listen() {
    if (over) return;
    stop();
    // A page of sessions is told of them (see sessions.js),
    // of mails only for a notice
    const { kind, watch } = document.body.dataset;
    const mails = OF_SESSIONS.includes(kind) ? `&mails=${Number(notifying())}&session=${watch ?? ""}` : "";
    source = new EventSource(`/live?last=${encodeURIComponent(last)}${mails}`);
    source.addEventListener("session", look);
    source.addEventListener("restarted", () => document.dispatchEvent(new Event("restarted")));
    source.onopen = () => {
      tries = 0;
      show("live", "Live");
    };
    source.onerror = () => {
      stop();
      wait(Math.min(LONGEST_WAIT, 2 ** tries++));
    };
    // Of what was missed or skipped the server says so: a page fetched now holds it.
    for (const kind of ["stored", "changed", "troubles", "skipped"]) source.addEventListener(kind, hear);
  }

  function hear(event) {
    if (event.lastEventId) last = event.lastEventId;
    if (event.type === "stored") notify(JSON.parse(event.data).mailbox);
    if (event.type === "troubles" || !OF_SESSIONS.includes(document.body.dataset.kind)) news();
  }

  // Sessions are counted anew by each server: the one shown is gone, and its number may be another's.
  let over = false;

  document.addEventListener("restarted", () => {
    if (!OF_ONE_RUN.includes(document.body.dataset.kind)) return;
    over = true;
    stop();
    show("lost", "Not live: the server was started anew");
    tell(RESTARTED);
  });

  const look = () => document.dispatchEvent(new Event("session"));

  function wait(seconds) {
    if (tries > GIVE_UP) return show("lost", "Not live: ", "reload");
    if (seconds <= 0) return listen();
    show("waiting", `Reconnecting, trying again in ${seconds} s`);
    timer = setTimeout(() => wait(seconds - 1), 1000);
  }

  // ---- a notice of the desktop, for those who ask for it; a hidden page then keeps listening
  const canNotify = window.Notification && window.isSecureContext;
  let unnoticed = 0;
  let noticed = 0; // when the last notice was given

  const notifying = () => canNotify && Notification.permission === "granted" && localStorage.getItem("notify") === "on";

  function notify(mailbox) {
    if (!document.hidden || !notifying()) return;
    unnoticed += 1;
    if (Date.now() - noticed < TELL_GAP) return;
    noticed = Date.now();
    const words = `${mailsHave(unnoticed)} come in${unnoticed === 1 ? ` for ${mailbox}` : ""}`;
    new Notification("mysmtp", { body: words, tag: "mysmtp", icon: byId("icon").href }).onclick = () => window.focus();
  }

  async function switchNotices() {
    const on = notifying();
    if (!on && (await Notification.requestPermission()) !== "granted") {
      byId("status").textContent = "The browser does not allow notices from this page";
      return;
    }
    localStorage.setItem("notify", on ? "off" : "on");
    showNotices();
    if (source) listen();
  }

  function showNotices() {
    const button = byId("notify");
    if (!button || !canNotify) return;
    button.hidden = false;
    button.setAttribute("aria-pressed", notifying());
  }

  // ---- taking over the server's page
  let wanted = false;
  let busy = false;
  let latest = null; // the newest page fetched, shown or not
  let acts = 0; // begun and ended
  let lastTold = 0;

  async function news() {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      const [began, before] = [performance.now(), acts];
      try {
        const reply = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
        const page = parse(await reply.text());
        if (acts !== before) wanted = true; // it does not show what was done
        else if (reply.status < 500) paint(page);
      } catch {
        break; // the server is gone; the feed notices and says so
      }
      // A page that is slow to make is asked for less often.
      await pause(Math.max(PAINT_GAP, 3 * (performance.now() - began)));
    }
    busy = false;
  }

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");
  const given = (list) => Number(list?.dataset.news ?? 0);

  // Where the newest mail is followed, another may be that by now: the page is opened anew, which also marks it read.
  let goingOn = false;

  async function goOn() {
    if (goingOn) return;
    goingOn = true;
    await pause(Math.max(0, FOLLOW_GAP - performance.now()));
    if (!picked().length) return location.reload();
    goingOn = false; // who chooses mails in the list beside is not interrupted
  }

  function paint(page) {
    const followed = document.body.dataset.following;
    if (followed && followed !== page.body.dataset.following) return goOn();
    const now = document.body.dataset.kind;
    const next = page.body.dataset.kind;
    if (next !== now && ["empty", "missing", "gone"].includes(now)) return takeAll(page);
    latest = page;
    if (next !== now) return next === "gone" || next === "missing" ? tell(GONE) : offer("This page has changed. Show it as it is now");
    if (byId("status").textContent === GONE) byId("status").textContent = ""; // it is back
    takeTitle(page);
    AT_ONCE.forEach((id) => swap(id, page));
    paintPane(page);
    paintList(page);
  }

  // The list beside a mail: taken over when nobody is there.
  function paintPane(page) {
    const [mine, theirs] = [byId("pane"), page.getElementById("pane")];
    if (!mine || !theirs) return;
    if (mine.innerHTML === theirs.innerHTML) return withdraw();
    const box = mine.parentElement;
    const read = box.scrollTop > 4 || box.matches(":hover") || box.contains(document.activeElement) || picked().length;
    if (read) offer("This list has changed. Show it as it is now");
    else take(page);
  }

  function paintList(page) {
    const [mine, theirs] = [byId("list"), page.getElementById("list")];
    if (!mine || !theirs) return;
    const count = given(theirs) - given(mine);
    if (mine.innerHTML === theirs.innerHTML) {
      mine.dataset.news = theirs.dataset.news;
      return withdraw();
    }
    const words = `${mailsHave(count)} come in`;
    if (unread(mine)) {
      take(page);
      if (count > 0) tellOf(count);
    } else if (count > 0) {
      offer(`${words} since you looked. Show ${count === 1 ? "it" : "them"}`);
    } else {
      offer("This list has changed. Show it as it is now");
    }
  }

  // Nobody reads there: the list is at its top, nothing in it is chosen, and neither focus, pointer nor selection is in it.
  function unread(list) {
    const chosen = getSelection();
    const selecting = chosen && !chosen.isCollapsed && list.contains(chosen.anchorNode);
    return scrollY < 4 && !picked().length && !list.matches(":hover") && !list.contains(document.activeElement) && !selecting;
  }

  function swap(id, page) {
    const [mine, theirs] = [byId(id), page.getElementById(id)];
    if (!mine || !theirs || mine.innerHTML === theirs.innerHTML || mine.querySelector("details[open]")) return;
    const focused = mine.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    mine.replaceChildren(...theirs.childNodes);
    if (id === "side") centre();
    if (focused) [...mine.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  }

  // The strip of mailboxes on narrow screens: the current one in view, without moving the page.
  function centre() {
    const strip = document.querySelector("#side ul");
    const current = strip?.querySelector("[aria-current]");
    if (current) strip.scrollLeft = current.offsetLeft - (strip.clientWidth - current.offsetWidth) / 2;
  }

  const listOf = (page) => page.getElementById("list") ?? page.getElementById("pane");

  function take(page) {
    const [mine, theirs] = [listOf(document), listOf(page)];
    const chosen = new Set(picked().map((box) => box.value));
    mine.dataset.news = theirs.dataset.news ?? 0;
    mine.replaceChildren(...theirs.childNodes);
    boxes().forEach((box) => (box.checked = chosen.has(box.value)));
    tellChosen();
    takeTitle(page);
    withdraw();
  }

  function takeAll(page) {
    const reading = byId("main").contains(document.activeElement);
    document.body.replaceWith(page.body);
    takeTitle(page);
    if (feed) show(...feed);
    if (reading) byId("main").focus();
    prepare();
  }

  function offer(words) {
    const bar = byId("fresh");
    if (!bar) return;
    bar.textContent = words;
    bar.hidden = false;
  }

  function withdraw() {
    const bar = byId("fresh");
    if (bar) bar.hidden = true;
  }

  // How many mails are new stands in the title and on the icon.
  function takeTitle(page) {
    document.title = page.title;
    const [mine, theirs] = [byId("icon"), page.getElementById("icon")];
    if (theirs && mine.getAttribute("href") !== theirs.getAttribute("href")) mine.href = theirs.getAttribute("href");
  }

  // ---- choosing mails
  const boxes = () => [...document.querySelectorAll(".pick input")];
  const picked = () => boxes().filter((box) => box.checked);

  function tellChosen() {
    const place = byId("chosen");
    if (place) place.textContent = `${picked().length} chosen:`;
  }

  document.addEventListener("change", (event) => event.target.closest(".pick") && tellChosen());

  function tell(words) {
    if (byId("undo").childElementCount) return; // that stays until the next action
    lastTold = Date.now();
    byId("status").textContent = words;
  }

  // News that come too soon after others are told with those that follow them.
  let untold = 0; // mails
  let teller = 0;

  function tellOf(count) {
    untold += count;
    clearTimeout(teller);
    const wait = lastTold + TELL_GAP - Date.now();
    if (wait > 0) teller = setTimeout(tellOf, wait, 0);
    else if (untold) tell(`${mailsHave(untold)} come in`);
    if (wait <= 0) untold = 0;
  }

  // ---- actions without leaving the page; without this script they are plain forms
  async function act(form, button) {
    const row = button.closest("[data-id]") ?? picked().at(-1)?.closest("[data-id]");
    const deed = button.name === "do" ? button.value : button.name;
    const near = row ? [deed !== "delete" && row, nextRow(row, 1), nextRow(row, -1)].filter(Boolean).map((each) => each.id) : [];
    const data = new URLSearchParams(new FormData(form));
    if (button.name) data.append(button.name, button.value);
    button.disabled = true;
    acts += 1;
    let page, reply;
    try {
      reply = await fetch(form.action, { method: "POST", body: data });
      page = parse(await reply.text());
      if (!reply.ok || page.body.dataset.kind !== document.body.dataset.kind) return location.assign(reply.url);
    } catch {
      button.disabled = false;
      if (!byId("undo").contains(form)) byId("undo").replaceChildren(); // of what was done before this
      byId("status").textContent = "The server did not answer. Reload to see what was done";
      return;
    }
    acts += 1;
    // What this page tells stands in its address too: a reload tells the same.
    history.replaceState(null, "", reply.url.replace(/#.*/, ""));
    AT_ONCE.forEach((id) => swap(id, page));
    if (!button.closest(".del")) boxes().forEach((box) => (box.checked = false));
    take(page);
    button.disabled = false;
    byId("undo").replaceChildren(...page.getElementById("undo").childNodes);
    byId("status").textContent = page.getElementById("status").textContent;
    const back = page.getElementById("told").dataset.row;
    const there = [...near, back ?? ""].map(byId).find(Boolean);
    (there?.querySelector(".what a") ?? byId("main")).focus({ focusVisible: true });
  }

  function nextRow(row, step) {
    const rows = [...document.querySelectorAll("[data-id]")].filter((each) => each === row || !each.querySelector(".pick :checked"));
    return rows[rows.indexOf(row) + step];
  }

  document.addEventListener("submit", (event) => {
    if (event.target.dataset.act === undefined || !listOf(document)) return;
    event.preventDefault();
    act(event.target, event.submitter);
  });

  document.addEventListener("click", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = event.target.closest("a, button");
    if (!link || !plain) return;
    if (link.id === "fresh" && latest && latest.body.dataset.kind === document.body.dataset.kind) {
      event.preventDefault();
      take(latest);
      if (!byId("undo").childElementCount) byId("status").textContent = "";
      (byId("list") ? window : listOf(document).parentElement).scrollTo(0, 0);
      listOf(document).querySelector("a")?.focus();
    } else if (link.id === "notify") {
      switchNotices();
    } else if (link.dataset.all !== undefined) {
      boxes().forEach((box) => (box.checked = true));
      tellChosen();
    } else if (link.dataset.copy !== undefined) {
      navigator.clipboard.writeText(link.parentElement.querySelector("pre").textContent).then(() => (byId("status").textContent = "Copied"));
    }
  });

  function prepare() {
    centre();
    tellChosen();
    showNotices();
    document.querySelectorAll("[data-all]").forEach((button) => (button.hidden = false));
    if (navigator.clipboard) document.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));
  }

  // ---- start; a hidden tab lets its connection go (browsers allow six to a host) and catches up when it is shown
  prepare();
  // Reading goes on at the row the address names; later than the browser's own jump there.
  const goal = /^#(mail|session)-/.test(location.hash) && byId(location.hash.slice(1))?.querySelector(".what a");
  if (goal) addEventListener("load", () => setTimeout(() => goal.focus({ focusVisible: true })));
  if (!window.EventSource || byId("feed").dataset.every) return;
  document.addEventListener("visibilitychange", () => {
    tries = 0;
    if (!document.hidden) unnoticed = noticed = 0;
    if (document.hidden && !notifying()) stop();
    else if (!source) listen();
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && listen());
  if (!document.hidden) listen();
})();
