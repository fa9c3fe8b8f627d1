// What changed in a service, as a list.

import { changeQueries, changes, instancesOf, meansQuery, outlier, seriesOf, since, significant } from "./changes.js";
import { card } from "./card.js";
import { list, make, put } from "./dom.js";
import { latency, rate, ratio, time, visible } from "./format.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { columns, shiftOf } from "./range.js";
import { placeOf } from "./rows.js";

/** Changes that are shown. */
const maxChanges = 5;

/**
 * changedView returns the list of a service's changes.
 * @param {import("./now.js").ChangeView} changeView
 */
export function changedView(changeView) {
  const none = make("p", { class: "foot" });
  const items = make("ol", { class: "changes" });
  const frame = card("", "changed", none, items);
  const { element } = frame;
  /** @type {import("./changes.js").Change[]} */
  let known = [];
  return {
    element,
    /**
     * update shows the list, and returns all routes of both ranges; the last list stays until
     * there is a newer one.
     * @param {import("./now.js").Now} now
     * @param {import("./queries.js").Subject} subject
     * @param {import("./model.js").Service} service
     */
    update(now, subject, service) {
      const { edges, view } = now;
      frame.title(say(view.compare === "day" || view.compare === "week" ? `changed${view.compare === "day" ? "Day" : "Week"}` : "changed", { span: spanText(edges.to - edges.from) }));
      const whole = { job: subject.job, schema: subject.schema };
      const newest = changesOf(now, whole);
      if (!newest) return known;
      known = newest;
      const found = significant(known).slice(0, maxChanges).map((change) => more(now, service, whole, change));
      if (found.includes(undefined)) return known;
      none.hidden = found.length > 0;
      put(none, found.length ? "" : say("changedNothing"));
      list(items, /** @type {Found[]} */ (found), () => item((route) => changeView((v) => ({ ...v, open: placeOf(service), route }))));
      return known;
    },
  };
}

/**
 * changesOf are all routes of both ranges; undefined until there is an answer.
 * @param {import("./now.js").Now} now
 * @param {import("./queries.js").Subject} whole
 */
export function changesOf(now, whole) {
  const { edges, view } = now;
  // At the grid's edge: queried again only when there is a new point.
  const [seconds, shift] = [edges.to - edges.from, shiftOf(view.compare, edges)];
  const ask = meansQuery(whole, now.source, seconds, shift);
  const means = ask ? now.query({ expr: ask, at: edges.to }) : { value: undefined };
  if (!means) return undefined;
  const answers = changeQueries(whole, now.source, seconds, shift, Boolean(means.value?.samples.length)).map((expr) => now.query({ expr, at: edges.to }));
  return answers.includes(undefined) ? undefined : changes(answers.flatMap((answer) => answer?.value?.samples ?? []));
}

/**
 * A Found is a change with its start and its outlier.
 * @typedef {import("./changes.js").Change & {since: number, outlier: ReturnType<typeof outlier>}} Found
 */

/**
 * more finds the start of a change, and its outlier; undefined until the results are there.
 * @param {import("./now.js").Now} now
 * @param {import("./model.js").Service} service
 * @param {import("./queries.js").Subject} subject
 * @param {import("./changes.js").Change} change
 * @returns {Found | undefined}
 */
function more(now, service, subject, change) {
  const { edges } = now;
  const series = rangeOf(now, seriesOf(subject, now.source, change));
  if (!series) return undefined;
  const [times, values] = series.value ? columns(series.value) : [[], []];
  const begun = since(times, values ?? [], change.mostly === "errors" ? change.errorsBefore : change.timeBefore);
  const recent = Number.isFinite(begun) ? edges.to - begun : edges.to - edges.from;
  const names = now.config.schemas.find((s) => s.name === service.names);
  const expr = names && values ? instancesOf(names, subject, change, recent) : undefined;
  const instances = expr ? now.query({ expr, at: edges.to }) : { value: { samples: [] } };
  return instances && { ...change, since: begun, outlier: outlier(instances.value?.samples ?? []) };
}

/** Units of time, the largest first: [size in seconds, message of one unit, message of several]. */
const units = /** @type {[number, string, string][]} */ ([[86400, "lastDay", "days"], [3600, "lastHour", "hours"], [60, "lastMinute", "minutes"]]);

/** spanText is a duration in its largest unit: "hour", "6 h". */
function spanText(/** @type {number} */ seconds) {
  const [size, one, several] = units.find(([size]) => seconds >= size) ?? [1, "", "seconds"];
  const n = Number((seconds / size).toPrecision(2));
  return n === 1 && one ? say(one) : say(several, { n });
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
      // For tests and other programs.
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
    parts.push(say("onlyInstance", { instance: visible(c.outlier.instance), value: write(c.outlier.value), other: visible(c.outlier.other), next: write(c.outlier.next) }));
  }
  return parts.join(" ");
}
