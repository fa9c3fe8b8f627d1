// What has changed in a service: a sentence for the weightiest change, and a list of
// the others.

import { Problem } from "./api.js";
import { changeQuery, changes, instancesOf, outlier, seriesOf, since } from "./changes.js";
import { list, make, put } from "./dom.js";
import { latency, rate, ratio, time, visible } from "./format.js";
import { say } from "./messages.js";
import { columns, gridOf } from "./range.js";

/** How many changes are shown. */
const most = 5;

/**
 * changedView returns the list of one service's changes.
 * @param {(change: (view: import("./rows.js").View) => import("./rows.js").View) => void} changeView
 * @param {() => string} place of the service, in an address
 */
export function changedView(changeView, place) {
  const title = make("h3");
  const none = make("p", { class: "muted" });
  const items = make("ol", { class: "changes" });
  const element = make("div", { class: "changed" }, title, none, items);
  let last = "";
  let round = 0;
  /** @type {() => void} */
  let draw = () => {};

  function show(/** @type {Found[]} */ found) {
    put(none, found.length ? "" : say("changedNothing"));
    none.hidden = found.length > 0;
    list(items, found, () => item((route) => changeView((view) => ({ ...view, open: place(), route }))));
  }

  return {
    element,
    /** @param {{api: any, source: import("./queries.js").Source, subject: import("./panels.js").Subject, view: import("./rows.js").View, every: number}} wanted */
    async update({ api, source, subject, view, every }) {
      const { edges, step } = gridOf(view.span, Date.now() / 1000, every);
      const key = JSON.stringify([subject, source.name, edges]);
      put(title, say("changed", { span: spanText(edges.to - edges.from) }));
      if (key === last) return draw();
      last = key;
      const mine = ++round;
      try {
        const found = await ask(api, source, subject, edges, step);
        if (mine !== round) return;
        draw = () => show(found);
        draw();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        last = ""; // the charts say what is wrong; ask again
      }
    },
  };
}

/**
 * A Found is a change, and of the weightiest ones since when and where.
 * @typedef {import("./changes.js").Change & {since: number, outlier: ReturnType<typeof outlier>}} Found
 */

/**
 * @param {any} api
 * @param {import("./queries.js").Source} source
 * @param {import("./panels.js").Subject} subject
 * @param {{from: number, to: number}} edges
 * @param {number} step
 * @returns {Promise<Found[]>}
 */
async function ask(api, source, subject, edges, step) {
  const { samples } = await api.query(changeQuery(subject, source, edges.to - edges.from), edges.to);
  return Promise.all(changes(samples).slice(0, most).map(async (change) => {
    const [[times, values], begun] = await begin(api, source, subject, change, edges, step);
    const recent = Number.isFinite(begun) ? edges.to - begun : edges.to - edges.from;
    const instances = times.length && values ? await api.query(instancesOf(subject, change, recent), edges.to) : { samples: [] };
    return { ...change, since: begun, outlier: outlier(instances.samples) };
  }));
}

/** begin asks how a change came about. */
async function begin(/** @type {any} */ api, /** @type {any} */ source, /** @type {any} */ subject, /** @type {import("./changes.js").Change} */ change, /** @type {any} */ edges, /** @type {number} */ step) {
  const series = await api.range(seriesOf(subject, source, change), edges, step);
  const [times, values] = columns(series, edges, step);
  return /** @type {const} */ ([[times, values], since(times, values ?? [], change.mostly === "errors" ? change.errorsBefore : change.timeBefore)]);
}

/** spanText is a length of time in the unit that says it shortest. */
function spanText(/** @type {number} */ seconds) {
  for (const [size, unit] of /** @type {[number, string][]} */ ([[86400, "d"], [3600, "h"], [60, "min"]])) {
    if (seconds >= size) return `${Number((seconds / size).toPrecision(2))} ${unit}`;
  }
  return `${Math.round(seconds)} s`;
}

function item(/** @type {(route: string) => void} */ open) {
  const route = make("bdi");
  const button = make("button", { type: "button", class: "link", title: say("openRoute") }, route);
  const what = make("span");
  const where = make("strong");
  const element = make("li", {}, button, " ", what, " ", where);
  let name = "";
  button.addEventListener("click", () => open(name));
  return {
    element,
    update(/** @type {Found} */ c) {
      name = `${c.method} ${c.path}`;
      element.className = (c.mostly === "errors" ? c.errors > c.errorsBefore : c.time > c.timeBefore) ? "worse" : "better";
      put(route, visible(name));
      put(what, whatText(c));
      put(where, whereText(c));
      // For programs that read the page.
      Object.assign(element.dataset, { route: name, mostly: c.mostly, since: Number.isFinite(c.since) ? String(c.since) : "", instance: c.outlier?.instance ?? "" });
    },
  };
}

function whatText(/** @type {Found} */ c) {
  if (c.mostly === "errors") {
    return say(c.errors > c.errorsBefore ? "moreErrors" : "fewerErrors", {
      before: ratio(c.errorsBefore / c.rateBefore), now: ratio(c.errors / c.rate), rate: rate(c.errors),
    });
  }
  return say(c.time > c.timeBefore ? "moreTime" : "lessTime", {
    before: rate(c.timeBefore), now: rate(c.time), meanBefore: latency(c.meanBefore), mean: latency(c.mean),
    rateBefore: rate(c.rateBefore), rate: rate(c.rate),
  });
}

function whereText(/** @type {Found} */ c) {
  const parts = [];
  if (Number.isFinite(c.since)) parts.push(say("sinceWhen", { time: time(new Date(c.since * 1000), new Date()) }));
  if (c.outlier) {
    const write = c.mostly === "errors" ? ratio : latency;
    parts.push(say("inInstance", { instance: visible(c.outlier.instance), value: write(c.outlier.value), next: write(c.outlier.next) }));
  }
  return parts.join(" ");
}
