// Search: services, routes, metrics and actions in one field. Loaded on first use.

import { list, make, put } from "./dom.js";
import { ownFirst } from "./explore.js";
import { visible } from "./format.js";
import { icon, stateIcon } from "./icons.js";
import { say } from "./messages.js";
import { isBad } from "./model.js";
import { placeOf, routeOf } from "./rows.js";
import { showDialog } from "./sheet.js";

/** Entries of each group that are shown. */
const most = 8;

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} group a message
 * @property {string} text
 * @property {string} end what is said at the end of the line
 * @property {string} [state] its shape
 * @property {string} [icon]
 * @property {() => void} run
 */

/**
 * entriesOf are all that can be found, but for metrics.
 * @param {import("./now.js").Now} now
 * @param {import("./now.js").ChangeView} changeView
 * @param {[string, string, () => void][]} actions each with its message and its key
 * @returns {Entry[]}
 */
export function entriesOf(now, changeView, actions) {
  const go = (/** @type {Partial<import("./view.js").View>} */ change) => () => changeView((view) => ({ ...view, page: "", part: "", filter: "", ...change }));
  const routes = now.services.flatMap((s) => s.routes.map((r) => ({
    key: `r${s.key}${r.key}`, group: "routes", text: visible(routeOf(r).trim()), end: visible(placeOf(s)), state: r.state, run: go({ open: placeOf(s), route: routeOf(r) }),
  })));
  return [
    ...now.services.map((s) => ({ key: `s${s.key}`, group: "services", text: visible(placeOf(s)) || say("noJob"), end: s.state === "healthy" ? "" : say(s.state), state: s.state, run: go({ open: placeOf(s), route: "" }) })),
    ...routes.sort((a, b) => Number(isBad(b.state)) - Number(isBad(a.state))),
    ...actions.map(([text, key, run]) => ({ key: `a${text}`, group: "actions", text: say(text), end: key, icon: "go", run })),
  ];
}

/**
 * foundIn are the entries that contain all words, those that begin with them first; without words what is wrong,
 * and the actions.
 * @param {Entry[]} entries
 * @param {string} text
 */
export function foundIn(entries, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return limited(entries.filter((e) => e.group === "actions" || (e.state && isBad(e.state)) || e.group === "services"));
  const rank = (/** @type {Entry} */ e) => (e.text.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return limited(entries.filter((e) => words.every((w) => e.text.toLowerCase().includes(w))).map((e, i) => ({ e, i })).sort((a, b) => rank(a.e) - rank(b.e) || a.i - b.i).map(({ e }) => e));
}

/** limited keeps the first of each group, in the order of the groups. */
function limited(/** @type {Entry[]} */ entries) {
  return ["services", "routes", "metrics", "actions"].flatMap((group) => entries.filter((e) => e.group === group).slice(0, most));
}

/**
 * showPalette opens the search.
 * @param {import("./now.js").Now} now
 * @param {import("./now.js").ChangeView} changeView
 * @param {[string, string, () => void][]} actions
 * @param {() => Promise<string[]>} metricNames
 */
export function showPalette(now, changeView, actions, metricNames) {
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "found", autocomplete: "off", spellcheck: "false", placeholder: say("searchFor"), "aria-label": say("searchFor") }));
  const found = make("ul", { id: "found", role: "listbox", "aria-label": say("found") });
  const none = make("p", { class: "muted foot", role: "status" });
  let entries = entriesOf(now, changeView, actions);
  /** @type {Entry[]} */
  let shown = [];
  let at = 0;
  const run = (/** @type {Entry} */ e) => { dialog.close(); e.run(); };
  const show = () => {
    shown = foundIn(entries, input.value);
    at = Math.min(at, Math.max(0, shown.length - 1));
    list(found, shown.map((entry, i) => ({ key: entry.key, entry, heads: entry.group !== shown[i - 1]?.group, chosen: i === at, words: input.value, i })), () => option(run));
    put(none, shown.length ? "" : say("foundNothing"));
    none.hidden = shown.length > 0;
    input.setAttribute("aria-activedescendant", shown.length ? `found-${at}` : "");
    found.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  };
  input.addEventListener("input", () => { at = 0; show(); });
  input.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && shown[at]) { event.preventDefault(); return run(shown[at]); }
    if (!move) return;
    event.preventDefault();
    at = (at + move + shown.length) % Math.max(1, shown.length);
    show();
  });
  const dialog = showDialog(say("searchFor"), "palette",
    make("div", { class: "in" }, icon("search"), input), found, none,
    make("p", { class: "keysline" }, make("span", {}, make("kbd", {}, "↑"), " ", make("kbd", {}, "↓"), " ", say("chooseKey")), make("span", {}, make("kbd", {}, "Enter"), " ", say("openKey")), make("span", {}, make("kbd", {}, "Esc"), " ", say("close"))));
  input.focus();
  show();
  void metricNames().then((names) => {
    const metric = (/** @type {string} */ name) => ({ key: `m${name}`, group: "metrics", text: visible(name), end: "", icon: "compass", run: () => changeView((view) => ({ ...view, page: "explore", expr: name, also: "", hide: "" })) });
    entries = [...entries, ...ownFirst(names).map(metric)];
    show();
  }).catch(() => {});
}

function option(/** @type {(e: Entry) => void} */ run) {
  const head = make("span", { class: "grouphead", "aria-hidden": "true" });
  const state = stateIcon();
  const shape = make("span");
  const text = make("span", { class: "text" });
  const end = make("span", { class: "end" });
  const line = make("a", { "aria-hidden": "false" }, shape, text, end);
  const element = make("li", { role: "option" }, head, line);
  /** @type {Entry | null} */
  let shown = null;
  line.addEventListener("click", () => { if (shown) run(shown); });
  return {
    element,
    update(/** @type {{entry: Entry, heads: boolean, chosen: boolean, words: string, i: number}} */ { entry, heads, chosen, words, i }) {
      shown = entry;
      element.id = `found-${i}`;
      element.setAttribute("aria-selected", String(chosen));
      head.hidden = !heads;
      put(head, heads ? say(entry.group) : "");
      if (entry.state) state.update(entry.state);
      shape.replaceChildren(entry.state ? state.element : icon(entry.icon ?? "go"));
      text.replaceChildren(...marked(entry.text, words));
      put(end, entry.end);
    },
  };
}

/** marked is a text with the part that matches the first word marked. */
function marked(/** @type {string} */ text, /** @type {string} */ words) {
  const [word] = words.toLowerCase().split(/\s+/).filter(Boolean);
  const at = word ? text.toLowerCase().indexOf(word) : -1;
  return at < 0 ? [text] : [text.slice(0, at), make("mark", {}, text.slice(at, at + word.length)), text.slice(at + word.length)];
}
