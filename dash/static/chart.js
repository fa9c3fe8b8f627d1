// A chart in a card: title, keys, plot, and its tools: the numbers as a table, the query, CSV, full screen.

import { card, nothing, tools } from "./card.js";
import { attribute, copies, make, put } from "./dom.js";
import { csv } from "./csv.js";
import { time } from "./format.js";
import { icon } from "./icons.js";
import { bounded, nameOf, pointText, signOf, styleOf, written } from "./lines.js";
import { say } from "./messages.js";
import { lastOf } from "./panels.js";
import { plot } from "./plot.js";
import { download } from "./download.js";
import { addressOf, parseView } from "./view.js";

export { colorOf, nameOf, shownOf, written } from "./lines.js";
export { whenThemeChanges } from "./plot.js";

/** @typedef {import("./lines.js").Shown} Shown */

/** Rows of a chart's table, the newest. */
const maxRows = 100;

/**
 * chart returns an empty chart. It calls dragged with the two times, in seconds, of a
 * drag.
 * @param {string} syncKey charts with the same key share their crosshair
 * @param {(from: number, to: number) => void} dragged
 * @param {{size?: string, more?: string, above?: Node[]}} look tall or xl; classes of the card; what stands above the keys
 */
export function chart(syncKey, dragged, { size = "", more = "", above = [] } = {}) {
  const keys = make("ul", { class: "keys" });
  const empty = nothing("wait");
  const code = queryBox();
  const table = make("table", { class: "dense points" });
  const rows = make("div", { class: "scroll rows", tabindex: "0", role: "region", "aria-label": say("showTable") }, table);
  /** @type {Shown | null} */
  let shown = null;
  /** @type {import("./marks.js").Mark[]} */
  let marks = [];
  /** @type {import("./plot.js").Look} */
  let look = {};
  let alone = "";
  /** Of which lines the keys are. */
  let drawn = "";
  /** The point under the crosshair, or -1. */
  let at = -1;
  const one = plot(syncKey, dragged, { size, moved: (i) => { at = i; fillKeys(); } });
  one.element.append(empty.element);
  const frame = card("", `plotted ${more}`.trim(), ...above, keys, code.element, one.element, rows);
  rows.hidden = code.element.hidden = true;
  frame.head.append(tools([
    ["table", "showTable", (button) => { rows.hidden = !rows.hidden; attribute(button, "aria-pressed", String(!rows.hidden)); if (shown && !rows.hidden) fillTable(table, shown); }],
    ["code", "showQuery", (button) => { code.element.hidden = !code.element.hidden; attribute(button, "aria-pressed", String(!code.element.hidden)); }],
    ["save", "saveCSV", () => save()],
    ["full", "fullScreen", () => void (document.fullscreenElement ? document.exitFullscreen() : frame.element.requestFullscreen()).catch(() => {})],
  ]));

  function save() {
    if (!shown) return;
    const now = shown;
    download(new Blob([csv(now.names.map((_, i) => nameOf(now, i)), now.times, now.values)], { type: "text/csv;charset=utf-8" }), "tacho.csv");
  }

  function fillKeys() {
    if (!shown) return;
    const now = shown;
    now.names.forEach((name, i) => {
      const item = keys.children[i];
      if (!item) return;
      put(/** @type {Element} */ (item.querySelector(".of")), nameOf(now, i));
      const value = at < 0 ? lastOf(name, now.values[i]) : now.values[i][at];
      const [text, means] = look.buckets && value !== null ? bounded(value, look.buckets) : [written(now.unit, value), ""];
      const cell = /** @type {Element} */ (item.querySelector("b"));
      put(cell, text);
      attribute(cell, "title", means);
      attribute(/** @type {Element} */ (item.firstElementChild), "aria-pressed", String(alone === name));
    });
    keys.classList.toggle("then", at >= 0);
  }

  /** newKeys are the keys of other lines than before. A key isolates its line. */
  function newKeys(/** @type {Shown} */ now) {
    alone = now.names.includes(alone) ? alone : "";
    keys.replaceChildren(...now.names.map((name, i) => {
      const button = make("button", { type: "button", title: say("isolate") }, signOf(now, i), make("span", { class: "of" }), " ", make("b"));
      button.addEventListener("click", () => {
        alone = alone === name ? "" : name;
        if (shown) one.update(shown, marks, { ...look, alone });
        fillKeys();
      });
      return make("li", {}, button);
    }));
  }

  return {
    element: frame.element,
    note: frame.note,
    state: frame.state,
    /**
     * @param {Shown} now
     * @param {import("./marks.js").Mark[]} [shownMarks]
     * @param {import("./plot.js").Look} [shownLook]
     */
    update(now, shownMarks = [], shownLook = {}) {
      const looks = JSON.stringify([now.names, now.unit, now.names.map((_, i) => styleOf(now, i).color)]);
      const other = looks !== drawn;
      drawn = looks;
      [shown, marks, look] = [now, shownMarks, shownLook];
      frame.title(say(now.id));
      frame.element.removeAttribute("aria-busy");
      code.update(now.expr);
      const any = now.values.some((column) => column.some((v) => v !== null));
      empty.update(any ? "" : say("noPoints"));
      one.element.classList.toggle("empty", !any);
      if (other) newKeys(now);
      if (any) one.update(now, marks, { ...look, alone });
      fillKeys();
      one.name(`${say(now.id)}: ${any ? pointText(now, now.times.length - 1) : say("noPoints")}`);
      if (!rows.hidden) fillTable(table, now);
    },
    /** fail shows why there is no answer. */
    fail(/** @type {string} */ id, /** @type {string} */ text, /** @type {() => void} */ retry) {
      frame.title(say(id));
      frame.element.removeAttribute("aria-busy");
      one.element.classList.add("empty");
      empty.update(text, "", retry);
      keys.replaceChildren();
      shown = null;
    },
    /** The content and the canvas, for saving as an image; null while there is none. */
    shown: () => shown,
    canvas: one.canvas,
    destroy: one.destroy,
  };
}

/** queryBox shows a query, to copy or to open in Explore. */
export function queryBox() {
  const code = make("code");
  const copy = make("button", { type: "button", class: "ctl icon bare", "aria-label": say("copyQuery"), title: say("copyQuery") }, icon("copy"));
  const link = make("a", { class: "small" }, say("openExplore"));
  copies(copy, code);
  return {
    element: make("div", { class: "body" }, make("pre", { class: "code", tabindex: "0" }, code, copy), link),
    update(/** @type {string} */ expr) {
      put(code, expr);
      attribute(link, "href", addressOf(parseView(location.hash), { page: "explore", expr }));
    },
  };
}

/** fillTable shows the numbers, newest first, at most a hundred. */
function fillTable(/** @type {Element} */ table, /** @type {Shown} */ now) {
  const head = make("tr", {}, make("th", { scope: "col" }, say("timeColumn")), ...now.names.map((_, i) => make("th", { scope: "col", class: "n" }, nameOf(now, i))));
  const rows = now.times.map((at, i) => make("tr", {},
    make("td", {}, time(new Date(at * 1000), new Date())),
    ...now.values.map((column) => make("td", { class: "n" }, written(now.unit, column[i])))));
  table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows.reverse().slice(0, maxRows)));
}
