// Without this script the page is the same, as of when it was loaded.
(() => {
  "use strict";
  const log = document.getElementById("log");
  const version = () => log.querySelector("[data-version]").dataset.version;
  const seen = version();
  let shown = "";
  const busy = () => document.querySelector("details[open], input:focus, select:focus") !== null;

  async function look() {
    if (document.hidden || log.contains(document.activeElement)) return;
    try {
      const answer = await fetch("/log" + location.search, { cache: "no-store" });
      if (!answer.ok) return;
      const text = await answer.text();
      if (text !== shown) log.innerHTML = shown = text;
    } catch {
      return; // the sandbox has stopped; the page stays what it was
    }
    if (version() === seen) return;
    if (busy()) document.getElementById("fresh").classList.add("on");
    else {
      const here = new URL(location.href);
      here.searchParams.delete("done"); // it was told before
      history.replaceState(null, "", here);
      location.reload();
    }
  }
  setInterval(look, 1000);
})();
