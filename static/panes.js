// The list beside the mail: its width by dragging or by the arrow keys, and where it was scrolled to.
"use strict";
(() => {
  const KEPT = "pane"; // in the session's storage: [list, how far its list was scrolled]
  const STEP = 5; // hundredths; the server keeps these widths
  const splitter = document.getElementById("splitter");
  const pane = document.querySelector(".pane");

  if (pane) {
    const home = pane.querySelector(".panehead a").pathname + new URLSearchParams(location.search).get("q");
    const [was, scrolled] = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    if (was === home) pane.scrollTop = scrolled;
    const row = pane.querySelector("[aria-current]")?.closest("li");
    if (row && (row.offsetTop < pane.scrollTop || row.offsetTop + row.offsetHeight > pane.scrollTop + pane.clientHeight)) {
      pane.scrollTop = row.offsetTop - pane.clientHeight / 3;
    }
    addEventListener("pagehide", () => sessionStorage.setItem(KEPT, JSON.stringify([home, pane.scrollTop])));
  }
  if (!splitter) return;

  const shell = splitter.closest(".shell");
  const least = Number(splitter.getAttribute("aria-valuemin"));
  const most = Number(splitter.getAttribute("aria-valuemax"));
  let width = Number(splitter.getAttribute("aria-valuenow"));

  function show(percent) {
    width = Math.min(most, Math.max(least, percent));
    shell.style.setProperty("--list", width);
    splitter.setAttribute("aria-valuenow", Math.round(width));
  }

  function keep() {
    show(Math.round(width / STEP) * STEP);
    fetch("/split", { method: "POST", redirect: "manual", body: new URLSearchParams({ split: width, back: "/" }) });
  }

  splitter.tabIndex = 0;
  splitter.addEventListener("pointerdown", (event) => {
    splitter.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  splitter.addEventListener("pointermove", (event) => {
    if (!splitter.hasPointerCapture(event.pointerId)) return;
    const start = shell.querySelector(".side").getBoundingClientRect().right;
    show((100 * (event.clientX - start)) / (shell.getBoundingClientRect().right - start));
  });
  splitter.addEventListener("pointerup", keep);
  splitter.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    show(width + step);
    keep();
  });
})();
