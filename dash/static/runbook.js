// The runbook of an alert: shown inline if it is on the same origin, and always a link.

import { pageOf } from "./alerts.js";
import { attribute, make } from "./dom.js";
import { safeLink } from "./format.js";
import { markdownView } from "./markdownview.js";
import { say } from "./messages.js";

/** Bytes of a page that are shown; the link leads to the rest. */
const longest = 64 << 10;

/**
 * Runbooks by address, "" if there is no text.
 * @type {Map<string, Promise<string>>}
 */
const pages = new Map();

/** textAt is the text at an address. One that could not be read is asked for again the next time. */
function textAt(/** @type {string} */ href) {
  const known = pages.get(href);
  if (known) return known;
  const text = read(href).catch(() => { pages.delete(href); return ""; });
  pages.set(href, text);
  return text;
}

async function read(/** @type {string} */ href) {
  const response = await fetch(href);
  if (!response.ok || !/^text\/(plain|markdown)\b/i.test(response.headers.get("Content-Type") ?? "")) return "";
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let size = 0; size < longest;) {
    const { value, done } = await reader.read();
    if (done) return text;
    const piece = value.subarray(0, longest - size);
    size += piece.length;
    text += decoder.decode(piece, { stream: true });
  }
  void reader.cancel();
  return text;
}

/** runbookView shows a link to a runbook, and its text if that can be read. */
export function runbookView() {
  const link = make("a", { rel: "noreferrer", target: "_blank" }, say("runbook"));
  const text = make("div", { class: "text", tabindex: "0", role: "region", "aria-label": say("runbook") });
  const element = make("section", { class: "runbook" }, make("h3", {}, say("runbook")), text);
  link.hidden = element.hidden = true;
  let shown = "";
  return {
    element,
    link,
    /**
     * @param {string | undefined} url
     * @param {string} alertname
     */
    update(url, alertname) {
      const href = safeLink(url, document.baseURI);
      if (shown === href) return;
      shown = href;
      link.hidden = !href;
      element.hidden = true;
      if (!href) return;
      attribute(link, "href", href);
      const page = pageOf(href, alertname, document.baseURI);
      if (!page) return;
      void textAt(page).then((found) => {
        if (shown !== href) return;
        text.replaceChildren(...markdownView(found, page, 3, alertname));
        element.hidden = !found;
      });
    },
  };
}
