// The queries of this browser, the newest first.

import { attribute, list, make, put } from "./dom.js";
import { shorten, visible } from "./format.js";
import { icon } from "./icons.js";
import { say } from "./messages.js";
import { listOf } from "./several.js";

/** Where they are stored, and how many. */
const stored = "tacho-queries";
export const maxHistory = 50;

/** Longer queries are not kept. */
const maxLength = 5000;

/**
 * remembered is the history with one more query.
 * @param {string[]} all
 * @param {string} expr
 */
export const remembered = (all, expr) => (expr && expr.length <= maxLength ? [expr, ...all.filter((q) => q !== expr)].slice(0, maxHistory) : all);

function read() {
  try {
    return listOf(localStorage.getItem(stored)).slice(0, maxHistory);
  } catch {
    return [];
  }
}

function write(/** @type {string[]} */ all) {
  try {
    if (all.length) localStorage.setItem(stored, JSON.stringify(all));
    else localStorage.removeItem(stored);
  } catch {
    // A browser without storage has no history.
  }
}

/** historyView is a button, and what it opens. */
export function historyView(/** @type {(expr: string) => void} */ run) {
  const button = make("button", { type: "button", class: "chip", "aria-expanded": "false", "aria-controls": "query-history" }, icon("clock", "s"), " ", say("history"));
  const items = make("ul");
  const none = make("p", { class: "small muted" }, say("noHistory"));
  const clear = make("button", { type: "button", class: "ctl" }, say("clearHistory"));
  const element = make("div", { id: "query-history", class: "notice" }, items, none, clear);
  element.hidden = true;
  button.addEventListener("click", () => open(element.hidden));
  clear.addEventListener("click", () => { write([]); show(); });

  function open(/** @type {boolean} */ shown) {
    element.hidden = !shown;
    attribute(button, "aria-expanded", String(shown));
    if (shown) show();
  }

  function show() {
    const all = read();
    none.hidden = all.length > 0;
    clear.hidden = all.length === 0;
    list(items, all.map((expr) => ({ key: expr, expr })), (/** @type {{key: string, expr: string}} */ { expr }) => {
      const link = make("button", { type: "button", class: "link mono small" });
      link.addEventListener("click", () => { open(false); run(expr); });
      return { element: make("li", {}, link), update() { put(link, shorten(visible(expr.replace(/\s+/g, " ")), 300)); } };
    });
  }

  return { button, element, add: (/** @type {string} */ expr) => write(remembered(read(), expr)) };
}
