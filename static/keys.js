// Keys: what a key does is to click, focus or submit what is on the page anyway. The table of them is the page /keys.
// Those of a single character can be switched off there (WCAG 2.1.4); none is taken while somebody types.
"use strict";
(() => {
  const PREFIX_TIME = 1500; // ms between g and what follows it
  const LIST = "mysmtp.list"; // the list that was left for a mail, in this tab
  const main = () => document.getElementById("main");
  const find = (selector) => document.querySelector(selector);

  // ---- rows
  const ROWS = "#list :is(.mails, .sessions) > li, #pane .mails > li, #list tbody > tr, #lines > li"; // of a list, the one beside a mail, a session
  const rows = () => [...document.querySelectorAll(ROWS)];
  const linkOf = (row) => row?.querySelector(".what a, th a, a[href]");
  const here = () => document.activeElement?.closest(ROWS);

  function step(by) {
    const all = rows();
    const at = all.indexOf(here() ?? find("#pane li:has([aria-current]), #lines > .sel"));
    linkOf(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by])?.focus({ focusVisible: true });
  }

  // ---- places
  const follow = (link) => link?.click();

  function same(one, other) {
    const [a, b] = [new URL(one), new URL(other)];
    return a.pathname === b.pathname && a.searchParams.get("q") === b.searchParams.get("q");
  }

  function up() {
    const crumb = find(".crumb a");
    if (!crumb) return document.body.dataset.kind === "mailbox" && follow(find("header nav a"));
    // The page of the list that was left for this very mail, else the one that has it.
    const [list, row] = JSON.parse(sessionStorage.getItem(LIST) ?? "[]");
    const own = crumb.dataset.row ?? "";
    const address = new URL(row && row === own && same(list, crumb.href) ? list : crumb.href);
    address.hash = own;
    location.assign(address);
  }

  function go(key) {
    const path = { m: "/", s: "/sessions", f: "/figures" }[key];
    follow(path && find(`header nav a[href="${path}"]`));
  }

  // ---- deeds
  const picked = () => find(".pick :checked");
  const chosen = (deed) => find(`#choose button[name=do][value=${deed}]`);

  function remove() {
    if (picked()) return follow(chosen("delete"));
    const row = here();
    follow(row ? row.querySelector(".del") : find(".mailhead form[action$='/delete'] button"));
  }

  function mark() {
    const row = here() ?? picked()?.closest("li");
    if (!row) return follow(find(".mailhead button[name=new]"));
    const deed = row.classList.contains("new") ? "seen" : "new";
    if (picked()) return follow(chosen(deed));
    const box = row.querySelector(".pick input");
    if (!box || !chosen(deed)) return;
    const button = document.createElement("button"); // the form takes a field named as the deed, for one mail
    Object.assign(button, { name: deed, value: box.value, hidden: true });
    button.setAttribute("form", "choose");
    row.append(button);
    button.click();
    button.remove();
  }

  async function help() {
    let dialog = find("#help");
    if (!dialog) {
      const reply = await fetch("/keys").catch(() => null);
      if (!reply?.ok) return location.assign("/keys");
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      dialog = document.createElement("dialog");
      dialog.id = "help";
      dialog.setAttribute("aria-labelledby", "help-title");
      const title = document.createElement("h2");
      title.id = "help-title";
      title.textContent = "Keys";
      const close = document.createElement("button");
      close.className = "btn";
      close.textContent = "Close";
      const leave = document.createElement("form");
      leave.method = "dialog";
      leave.className = "choices";
      leave.append(close);
      dialog.append(title, page.getElementById("keys"), leave);
      main().append(dialog);
    }
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("form[method=dialog] button").focus();
  }

  const SINGLE = {
    j: () => step(1),
    k: () => step(-1),
    u: up,
    "[": () => follow(find("main a[rel=prev]")),
    "]": () => follow(find("main a[rel=next]")),
    z: () => follow(find("#undo button")),
    "/": () => find(".find input")?.select(),
    "?": help,
    f: () => follow(find("main .follow")),
    x: () => follow(here()?.querySelector(".pick input")),
    m: mark,
  };
  const REPEATED = ["j", "k"];

  // ---- listening
  let prefixed = -Infinity; // when g was pressed

  function typing(place) {
    const box = place.closest?.("input, textarea, select, [contenteditable]");
    return box && !["checkbox", "radio", "button", "submit"].includes(box.type);
  }

  function single(key) {
    if (performance.now() - prefixed < PREFIX_TIME) {
      prefixed = -Infinity;
      return go(key);
    }
    if (key === "g") prefixed = performance.now();
    else if (/^[1-9]$/.test(key)) follow(document.querySelectorAll(".tabs a")[key - 1]);
    else if (Object.hasOwn(SINGLE, key)) SINGLE[key]();
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const held = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph");
    if (held || event.isComposing || event.defaultPrevented || find("dialog[open]")) return;
    if (typing(target)) return key === "Escape" && target.blur();
    if (event.repeat && !REPEATED.includes(key)) return;
    if (key === "Delete") return remove();
    if (key.length === 1 && document.body.dataset.keys !== "off" && single(key) !== false) event.preventDefault();
  });

  // Where tabs do not fit, the current one is in view.
  const [tabs, tab] = [find(".reading .tabs"), find(".reading .tabs [aria-current]")];
  if (tabs && tab) tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;

  addEventListener("pagehide", () => {
    if (find("#list :is(.mails, .sessions)")) sessionStorage.setItem(LIST, JSON.stringify([location.href.replace(/#.*/, ""), here()?.id]));
  });
})();
