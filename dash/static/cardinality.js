// How many series a service has, by metric and by label. Counting all of them takes the server a while: it is done
// when one asks for it.

import { attribute, make, put } from "./dom.js";
import { facts } from "./facts.js";
import { number, ratio, visible } from "./format.js";
import { say } from "./messages.js";
import { samplesOf } from "./now.js";
import { selector, union } from "./queries.js";
import { numberOf } from "./sample.js";

/** Metrics, and labels, that are listed. */
const [maxMetrics, maxLabels] = [20, 15];

/** Labels that every series of a job has, and names that a query cannot have as they are. */
const isCounted = (/** @type {string} */ label) => label !== "__name__" && label !== "job" && /^[A-Za-z_]\w*$/.test(label);

/**
 * countsOf are the queries: of the series by metric, and of all series and the values of each label by part.
 * @param {string} job
 * @param {string[]} labels
 */
export function countsOf(job, labels) {
  const own = /** @type {string[][]} */ ([["job", "=", job]]);
  const values = (/** @type {string} */ label) => /** @type {[string, string]} */ ([label, `count (count by (${label}) (${selector([...own, [label, "!=", ""]])}))`]);
  return {
    metrics: `topk (${maxMetrics}, count by (__name__) (${selector(own)}))`,
    labels: union([["", `count (${selector(own)})`], ...labels.filter(isCounted).slice(0, maxLabels).map(values)]),
  };
}

/** cardinalityView is a button and, once it was asked, two tables. */
export function cardinalityView() {
  const title = make("span");
  const button = make("button", { type: "button", class: "ctl", id: "count-series" }, say("countSeries"));
  const total = make("span", { class: "muted small" });
  const metrics = facts("seriesByMetric", [{ label: "metrics" }, { label: "seriesColumn", number: true }, { label: "ofAll", number: true }], maxMetrics);
  const labels = facts("valuesByLabel", [{ label: "labelColumn" }, { label: "valuesColumn", number: true }], maxLabels);
  const element = make("div", { id: "cardinality" }, make("div", { class: "tools" }, make("h2", {}, title), button, total), make("div", { class: "grid two" }, metrics.element, labels.element));
  /** The service that was asked for, and when. */
  let asked = { job: "", at: 0 };
  /** @type {import("./now.js").Now | null} */
  let shown = null;
  let job = "";
  button.addEventListener("click", () => {
    if (!shown) return;
    asked = { job, at: shown.at };
    shown.refresh();
  });
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {string} of a service's job, "" for none
     */
    update(now, of) {
      [shown, job] = [now, of];
      element.hidden = !job;
      if (!job) return;
      put(title, say("cardinality", { job: visible(job) }));
      const { at } = asked;
      const isAsked = asked.job === job;
      const names = isAsked ? now.query({ list: "labels", at, "match[]": selector([["job", "=", job]]) }) : undefined;
      const queries = names && countsOf(job, names.value ?? []);
      const [byMetric, byLabel] = [queries?.metrics, queries?.labels].map((expr) => expr && samplesOf({ ...now, at }, expr));
      attribute(button, "disabled", isAsked && !(byMetric && byLabel) ? "disabled" : "");
      fill(byMetric || [], byLabel || []);
    },
  };

  function fill(/** @type {import("./model.js").Sample[]} */ byMetric, /** @type {import("./model.js").Sample[]} */ byLabel) {
    const counted = (/** @type {import("./model.js").Sample} */ s) => numberOf(s.value?.[1]);
    const sorted = (/** @type {import("./model.js").Sample[]} */ all) => [...all].sort((a, b) => counted(b) - counted(a));
    const whole = byLabel.find((s) => !s.metric.part);
    const n = whole ? counted(whole) : NaN;
    put(total, whole ? say("seriesCount", { n: number(n) }) : "");
    metrics.update(sorted(byMetric).map((s) => ({ key: s.metric.__name__ ?? "", cells: [{ text: s.metric.__name__ ?? "", mono: true }, number(counted(s)), share(counted(s), n)] })));
    labels.update(sorted(byLabel.filter((s) => s.metric.part)).map((s) => ({ key: s.metric.part, cells: [{ text: s.metric.part, mono: true }, number(counted(s))] })));
  }
}

const share = (/** @type {number} */ part, /** @type {number} */ all) => (all > 0 ? ratio(part / all) : "");
