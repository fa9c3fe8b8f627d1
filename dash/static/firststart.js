// The first start: three steps to a service's first numbers, and what is waited for.

import { attribute, copies, list, make, put } from "./dom.js";
import { secondsOf } from "./duration.js";
import { age, shorten, visible } from "./format.js";
import { icon, logo } from "./icons.js";
import { laterMessages } from "./latermessages.js";
import { learn, say } from "./messages.js";
import { commandOf, snippets } from "./snippets.js";

learn(laterMessages);

/** Targets that are waited for and shown; the rest is counted. */
const maxWaiting = 5;

/** firstStart returns the screen; update takes the targets that have not been scraped yet. */
export function firstStart() {
  const waits = make("div", { class: "stack" });
  const rest = make("p", { class: "muted small" });
  const third = make("p", { class: "muted", role: "status" });
  const steps = make("ol", { class: "steps" }, step("stepExport", ...exportStep()), step("stepScrape", ...scrapeStep()), step("stepWatch", third));
  const demo = make("section", { class: "card" }, make("header", {}, make("h2", {}, say("onlyLooking"))), make("div", { class: "body" }, make("p", { class: "muted small" }, say("demoText")), code("tacho demo").element));
  const [title, lead] = [make("h1"), make("p", { class: "lead" }, say("firstLead"))];
  return {
    element: make("div", { class: "first" }, make("div", {}, logo(), title, lead, steps), make("div", { class: "stack" }, waits, rest, demo)),
    /** @param {import("./now.js").Now} now @param {import("./api.js").ListedTarget[]} waiting */
    update(now, waiting) {
      put(title, say(waiting.length ? "firstWaiting" : "noTarget"));
      put(third, waiting.length ? say("notScraped", { age: age(longest(waiting)) }) : say("watchText"));
      list(waits, waiting.slice(0, maxWaiting).map((t) => ({ key: `${t.scrapePool} ${t.scrapeUrl}`, target: t })), waitView);
      rest.hidden = waiting.length <= maxWaiting;
      put(rest, say("more", { n: waiting.length - maxWaiting }));
    },
  };
}

const step = (/** @type {string} */ title, /** @type {Node[]} */ ...children) => make("li", {}, make("div", {}, make("h2", {}, say(title)), ...children));

/** longest is the longest interval between two scrapes, in seconds. */
const longest = (/** @type {import("./api.js").ListedTarget[]} */ waiting) => Math.max(1, ...waiting.map((t) => secondsOf(t.scrapeInterval ?? "") || 15));

/** code is a box of code with a button that copies it. */
function code(/** @type {string} */ text) {
  const lines = make("code", {}, text);
  const copy = make("button", { type: "button", class: "ctl icon bare", "aria-label": say("copyCode"), title: say("copyCode") }, icon("copy"));
  copies(copy, lines);
  return { lines, element: make("pre", { class: "code", tabindex: "0" }, lines, copy) };
}

/** exportStep shows the lines of the chosen framework. */
function exportStep() {
  const box = code("");
  const note = make("p", { class: "small muted" });
  const chips = snippets.map((s) => {
    const button = make("button", { type: "button", class: "chip" }, s.say ? say(s.name) : s.name);
    button.addEventListener("click", () => choose(s));
    return { s, button };
  });
  function choose(/** @type {import("./snippets.js").Snippet} */ chosen) {
    for (const { s, button } of chips) attribute(button, "aria-pressed", String(s === chosen));
    box.lines.replaceChildren(...chosen.lines.map(({ text, add }, i) => make("span", add ? { class: "add" } : {}, `${i ? "\n" : ""}${text}`)));
    box.element.hidden = chosen.lines.length === 0;
    put(note, say(`export_${chosen.key}`) === `export_${chosen.key}` ? say("exportGo") : say(`export_${chosen.key}`));
  }
  choose(snippets[0]);
  return [make("div", { class: "chips", role: "group", "aria-label": say("stepExport") }, ...chips.map((c) => c.button)), box.element, note];
}

/** scrapeStep writes the command for an address and a name. */
function scrapeStep() {
  const field = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {string} */ hint) => {
    const input = /** @type {HTMLInputElement} */ (make("input", { autocomplete: "off", spellcheck: "false", placeholder: hint }));
    return { input, element: make("label", { class: "field" }, icon(sign, "s"), make("span", { class: "unseen" }, say(label)), input) };
  };
  const [address, name] = [field("target", "addressOfService", "localhost:8080"), field("tiles", "nameOfService", say("nameHint"))];
  const box = code(commandOf("", ""));
  for (const { input } of [address, name]) input.addEventListener("input", () => put(box.lines, commandOf(address.input.value, name.input.value)));
  return [make("div", { class: "askrow" }, address.element, name.element), box.element, make("p", { class: "small muted" }, say("orConfig"))];
}

/** waitView is a target before its first scrape: as large as what comes. */
function waitView() {
  const [name, note] = [make("h2"), make("span", { class: "note" })];
  const url = make("p", { class: "muted small mono" });
  return {
    element: make("section", { class: "card", "aria-busy": "true" }, make("header", {}, name, note), make("div", { class: "body" }, url), make("div", { class: "skel t" }), make("div", { class: "skel b" }), make("div", { class: "skel p" })),
    update(/** @type {any} */ { target }) {
      const t = /** @type {import("./api.js").ListedTarget} */ (target);
      put(name, shorten(visible(t.labels?.job ?? ""), 80) || say("noJob"));
      put(note, say("notScraped", { age: age(longest([t])) }));
      put(url, shorten(visible(t.scrapeUrl ?? ""), 200));
    },
  };
}
