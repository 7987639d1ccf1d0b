// Keeps a page of sessions true while lines cross, and plays a session step by step. As in live.js the server's page is
// the only source: what is new in it is taken over, and nothing here builds text from what a peer sent.
"use strict";
(() => {
  const PAINT_GAP = 250; // ms between two paints: at most four a second
  const TELL_GAP = 1000; // ms between two pieces of news of the state
  const MOST_LINES = 2000; // of an open session on its page
  const LONGEST_GAP = 2000; // ms that a pause of the session lasts when it is played
  const byId = (id) => document.getElementById(id);
  const kind = document.body.dataset.kind;
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  function swap(id, page) {
    const [mine, theirs] = [byId(id), page.getElementById(id)];
    if (!mine || !theirs || mine.innerHTML === theirs.innerHTML || mine.contains(document.activeElement)) return;
    mine.replaceChildren(...theirs.childNodes);
  }

  // Where the row that has the focus makes place, its line has it afterwards, or the last one; nothing moves for that.
  function keepFocus(list, change) {
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const [row, focusVisible] = [focused?.closest("li"), focused?.matches(":focus-visible")];
    change();
    if (!focused || focused.isConnected) return;
    const links = [...(byId(row.id) ?? list.lastElementChild).querySelectorAll("a")].filter((link) => link.getClientRects().length);
    const same = links.find((link) => link.getAttribute("href") === focused.getAttribute("href"));
    (same ?? links[0])?.focus({ preventScroll: true, focusVisible });
  }

  // ---- the server that all here comes from
  const startOf = (page) => page.body.dataset.last?.split("-")[0];
  let start = startOf(document);
  let over = false; // there is another server now, which knows nothing of this session

  const isOfOther = (page) => startOf(page) !== undefined && startOf(page) !== start;

  // Whether a session is kept as it is shown: of another server nothing is taken over.
  function isLost(page) {
    if (isOfOther(page) && !over) document.dispatchEvent(new Event("restarted"));
    return over;
  }

  if (kind === "session") document.addEventListener("restarted", end);

  function end() {
    over = true;
    wanted = false;
    playing = 0;
    const open = document.querySelector("#facts .open");
    if (open) {
      open.classList.remove("open");
      open.textContent = "Ended";
      byId("wait").textContent = "The server was stopped, and so it ended.";
      document.title = document.title.replace(", open", ", ended");
      byId("map-title").textContent = "Where it has been";
    }
    if (document.body.dataset.watch !== undefined) {
      calm(byId("lines").lastElementChild);
      byId("lines").querySelector(".sel")?.classList.remove("sel");
    }
    delete document.body.dataset.watch;
    tellFollowing();
    tellPlaying();
  }

  // ---- news
  let wanted = false;
  let busy = false;

  async function news() {
    wanted = !over;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      const began = performance.now();
      try {
        const reply = await fetch(address(), { headers: { Accept: "text/html" }, cache: "no-store" });
        const page = parse(await reply.text());
        if (kind === "session" && isLost(page)) break;
        if (reply.ok) (kind === "session" ? paintLines : paintList)(page);
      } catch {
        break; // the server is gone; the feed says so
      }
      await pause(Math.max(PAINT_GAP, 2 * (performance.now() - began)));
    }
    busy = false;
  }

  // Only the last line is asked for again: it may have grown, or be gone.
  function address() {
    const here = new URL(location.href);
    here.hash = "";
    here.searchParams.set("news", "1");
    const last = byId("lines")?.lastElementChild.id.slice(1);
    if (kind === "session" && last) here.searchParams.set("from", last);
    return here;
  }

  const inOrder = new Intl.Collator("en", { numeric: true }).compare; // l9 before l12, which is before l12.1

  // A line that is told again may be folded now, or gone: the server says from where on rows make place.
  function takeLines(mine, theirs) {
    if (theirs.querySelector(".nothing") && !mine.querySelector(".nothing")) return; // what stands here was said
    mine.querySelector(".nothing")?.remove();
    while (mine.lastElementChild && inOrder(mine.lastElementChild.id, theirs.dataset.first) >= 0) mine.lastElementChild.remove();
    mine.querySelector(".sel")?.classList.remove("sel");
    calm(mine.lastElementChild);
    mine.append(...theirs.children);
  }

  function paintLines(page) {
    const [mine, theirs] = [byId("lines"), page.getElementById("lines")];
    const stood = atEnd();
    const before = mine.children.length;
    keepFocus(mine, () => takeLines(mine, theirs));
    ["facts", "doctor", "strip", "map-title", "machine", "wait", "steps"].forEach((id) => swap(id, page));
    document.title = page.title;
    if (page.body.dataset.watch === undefined) delete document.body.dataset.watch;
    tellState();
    tellFollowing();
    if (!stood || !following) return offer(mine.children.length - before);
    prune(mine);
    follow();
  }

  // ---- the state, for those who do not see the drawing
  let toldAt = -Infinity;
  let telling = 0;

  function tellState() {
    clearTimeout(telling);
    telling = setTimeout(() => {
      const [place, strip] = [byId("state"), byId("strip")];
      const ended = document.body.dataset.watch === undefined ? "; ended" : "";
      const words = `State ${strip.querySelector(".now").textContent}, ${strip.querySelector("ol + span").textContent}${ended}`;
      if (place.textContent === words) return;
      place.textContent = words;
      toldAt = performance.now();
    }, Math.max(0, TELL_GAP - (performance.now() - toldAt)));
  }

  // ---- following the end
  let following = true; // as long as the end is in view, too

  function tellFollowing() {
    const button = byId("follow");
    if (!button) return;
    button.hidden = document.body.dataset.watch === undefined;
    button.textContent = following ? "Stop following" : "Follow";
  }

  function resume() {
    following = true;
    tellFollowing();
    follow();
    byId("end").scrollIntoView({ block: "end" });
  }

  // While nobody reads above, a page that is left open lets its oldest lines go; a link leads to them.
  function prune(lines) {
    if (lines.children.length <= MOST_LINES) return;
    for (let over = lines.children.length - MOST_LINES / 2; over > 0; over--) lines.firstElementChild.remove();
    const link = byId("cut").querySelector("a") ?? byId("cut").appendChild(document.createElement("a"));
    const first = new URL(location.href);
    first.hash = "";
    first.searchParams.set("from", Math.max(1, lines.firstElementChild.dataset.n - MOST_LINES / 4));
    link.href = first.href;
    link.textContent = "Earlier lines";
    byId("cut").hidden = false;
  }

  // The ring marks the newest line only.
  function calm(row) {
    const hole = row?.querySelector(".hole");
    if (!hole) return;
    if (!row.querySelector(".vh")) row.querySelector(".dot")?.remove();
    hole.remove();
  }

  let missed = 0;

  function atEnd() {
    return byId("wait").getBoundingClientRect().top < innerHeight + 80;
  }

  // Who comes to the end by wheel or finger has seen what was new.
  if (kind === "session") document.addEventListener("scroll", () => missed && following && atEnd() && follow(), { passive: true });

  function follow() {
    missed = 0;
    byId("fresh").hidden = true;
    if (byId("wait").getBoundingClientRect().bottom > innerHeight) byId("end").scrollIntoView({ block: "end" });
  }

  function offer(count) {
    missed += Math.max(0, count);
    if (!missed) return;
    byId("fresh").textContent = missed === 1 ? "1 new line" : `${missed} new lines`;
    byId("fresh").hidden = false;
  }

  // Rows change where they stand; a row is put in only while nobody reads here.
  function paintList(page) {
    swap("facts", page);
    document.title = page.title;
    const [mine, theirs] = [byId("list"), page.getElementById("list")];
    if (mine.innerHTML === theirs.innerHTML) return;
    const chosen = getSelection();
    const selecting = chosen && !chosen.isCollapsed && mine.contains(chosen.anchorNode);
    const reading = scrollY > 4 || mine.matches(":hover") || mine.contains(document.activeElement) || selecting;
    if (!reading || !mine.querySelector(".sessions")) {
      start = startOf(page);
      mine.dataset.news = theirs.dataset.news;
      mine.replaceChildren(...theirs.childNodes);
      byId("fresh").hidden = true;
      return;
    }
    if (isOfOther(page)) {
      byId("fresh").textContent = "The server was started anew. Show its sessions";
      byId("fresh").hidden = false;
      return;
    }
    for (const row of theirs.querySelectorAll(".sessions > li")) {
      const old = byId(row.id);
      if (!old || old.innerHTML === row.innerHTML || old.contains(document.activeElement)) continue;
      old.className = row.className;
      old.replaceChildren(...row.childNodes);
    }
    const count = Number(theirs.dataset.news) - Number(mine.dataset.news);
    if (count <= 0) return;
    byId("fresh").textContent = count === 1 ? "1 session has begun since you looked. Show it" : `${count} sessions have begun since you looked. Show them`;
    byId("fresh").hidden = false;
  }

  document.addEventListener("session", news);

  // ---- how long ago the last octet came, while nothing does
  if (document.body.dataset.watch && kind === "session") {
    setInterval(() => document.body.dataset.watch === undefined || document.hidden || byId("feed").dataset.state !== "live" || count(), 1000);
  }

  function count() {
    const place = byId("ago");
    if (place) place.textContent = place.textContent.replace(/([0-9,]+) s ago\.$/, (_, ago) => `${(Number(ago.replace(/,/g, "")) + 1).toLocaleString("en")} s ago.`);
  }

  // ---- step by step
  let playing = 0;

  async function step(link) {
    const reply = await fetch(link.href, { headers: { Accept: "text/html" }, cache: "no-store" }).catch(() => null);
    if (!reply) return location.assign(link.href); // the browser says what is wrong, or tries again
    const page = parse(await reply.text());
    if (isLost(page)) return;
    if (!reply.ok) return location.assign(link.href);
    const change = () => ["lines", "strip", "steps", "machine", "crumb"].forEach((id) => {
      const [mine, theirs] = [byId(id), page.getElementById(id)];
      if (mine.innerHTML !== theirs.innerHTML) mine.replaceChildren(...theirs.childNodes);
    });
    keepFocus(byId("lines"), change);
    delete document.body.dataset.watch;
    history.replaceState(null, "", link.href);
    byId("lines").querySelector(".sel")?.scrollIntoView({ block: "nearest" });
    prepare();
  }

  const steps = (rel) => document.querySelector(`#steps a[rel=${rel}]`);

  async function play() {
    const mine = ++playing;
    tellPlaying();
    while (steps("next")) {
      const rows = [...document.querySelectorAll("#lines > li")];
      const now = rows.findLastIndex((row) => row.classList.contains("sel"));
      const gap = 1000 * Number(rows[now + 1]?.querySelector(".gap").textContent || 0);
      await pause(Math.min(LONGEST_GAP, Math.max(120, gap)));
      if (mine !== playing || !steps("next")) break;
      await step(steps("next"));
    }
    if (mine === playing) playing = 0;
    tellPlaying();
  }

  function tellPlaying() {
    const button = document.querySelector("[data-play]");
    if (button) button.textContent = playing ? "Pause" : "Play";
  }

  function prepare() {
    tellFollowing();
    const copied = document.querySelector("[data-copy-from]");
    if (copied && navigator.clipboard) copied.textContent = "Copy as C:/S:";
    const button = document.querySelector("[data-play]");
    if (button) button.hidden = false;
    tellPlaying();
  }

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a, button");
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || !plain) return;
    if (link.dataset.play !== undefined) {
      playing ? ((playing = 0), tellPlaying()) : play();
    } else if (link.dataset.step && byId("steps").contains(link) && steps("prev") ? true : link.rel === "next" && link.dataset.step) {
      event.preventDefault();
      playing = 0;
      const rel = link.rel;
      await step(link);
      (rel && steps(rel) ? steps(rel) : document.querySelector("#steps a"))?.focus();
    } else if (link.id === "fresh" && kind === "session") {
      event.preventDefault();
      resume();
    } else if (link.id === "follow") {
      following ? ((following = false), tellFollowing()) : resume();
    } else if (link.dataset.copyFrom !== undefined && navigator.clipboard) {
      event.preventDefault();
      const reply = await fetch(link.href);
      const text = await reply.text();
      if (isLost(parse(await (await fetch(address(), { cache: "no-store" })).text()))) return;
      if (!reply.ok) return location.assign(link.href);
      await navigator.clipboard.writeText(text);
      byId("status").textContent = "Copied the conversation, one C: or S: line each";
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "End" && kind === "session" && following) follow(); // at once: lines that come meanwhile are followed
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !(stepping || steps(by > 0 ? "next" : "prev"))) return;
    event.preventDefault();
    playing = 0;
    if (!event.repeat || !stepping) stepBy(by);
  });

  // Keys come faster than pages: each that was pressed counts, what a key repeats while it is held does not pile up.
  let ahead = 0;
  let stepping = false;

  async function stepBy(by) {
    ahead += by;
    if (stepping) return;
    stepping = true;
    try {
      while (ahead) {
        const way = Math.sign(ahead);
        const link = steps(way > 0 ? "next" : "prev");
        if (!link) break;
        await step(link); // while more keys may be pressed
        ahead -= way;
      }
    } finally {
      ahead = 0;
      stepping = false;
    }
  }

  prepare();
})();
