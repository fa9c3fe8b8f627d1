// The page of an alert that says what to do, shown inside of this one where it comes
// from the same origin.

import { make } from "./dom.js";
import { safeLink } from "./format.js";
import { markdownView } from "./markdownview.js";
import { say } from "./messages.js";

/** Bytes of a page that are shown; the link leads to the rest. */
const longest = 64 << 10;

/** @type {Map<string, Promise<string>>} */
const pages = new Map();

/** pageAt is a page's text, "" for one that is none or that comes from elsewhere. */
async function pageAt(/** @type {string} */ href) {
  if (new URL(href).origin !== location.origin) return "";
  const response = await fetch(href);
  if (!response.ok || !/^text\/(plain|markdown)/.test(response.headers.get("Content-Type") ?? "")) return "";
  return (await response.text()).slice(0, longest);
}

/**
 * runbookView returns what an alert's page says, or a link to it.
 */
export function runbookView() {
  const link = make("a", { rel: "noreferrer", target: "_blank" });
  const text = make("div", { class: "runbook" });
  const element = make("div", {}, make("p", {}, link), text);
  let shown = "";
  return {
    element,
    /**
     * @param {string | undefined} url
     * @param {boolean} open it is wanted now
     */
    update(url, open) {
      const href = safeLink(url, document.baseURI);
      element.hidden = !href;
      if (!href) return;
      link.setAttribute("href", href);
      link.textContent = say("runbook");
      if (!open || shown === href) return;
      shown = href;
      if (!pages.has(href)) pages.set(href, pageAt(href).catch(() => ""));
      void pages.get(href)?.then((page) => { if (shown === href) text.replaceChildren(...markdownView(page, href, 4)); });
    },
  };
}
