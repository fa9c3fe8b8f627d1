// Metrics that moved at the same time as what is shown.

import { list, make, put, svg, attribute } from "./dom.js";
import { correlation, groupOf } from "./explore.js";
import { visible } from "./format.js";
import { say } from "./messages.js";
import { rangeOf } from "./now.js";
import { sparkPath } from "./sparkline.js";

/** Metrics that are compared, and those that are shown. */
const [maxAsked, maxShown] = [40, 4];

/** The least correlation that is worth showing. */
const least = 0.7;

/** @param {(metric: import("./explore.js").Metric) => void} chosen */
export function nearView(chosen) {
  const cards = make("div", { class: "grid four" });
  const element = make("div", { id: "near" }, make("div", { class: "tools" }, make("h2", {}, say("near")), make("span", { class: "muted small" }, say("nearMeans"))), cards);
  element.hidden = true;
  /** The query for which they are asked: they wait for the round after it. */
  let asked = "";
  return {
    element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./explore.js").Metric[]} metrics
     * @param {(number | null)[][]} lines that are shown
     * @param {string} own the metric that is shown
     * @param {string} matchers of the service
     */
    update(now, metrics, lines, own, matchers) {
      const first = asked !== now.view.expr;
      asked = now.view.expr;
      if (lines.length === 0 || first || !now.view.expr) { element.hidden = true; return; }
      let missing = false;
      const found = metrics.filter((m) => m.name !== own && m.type !== "info" && groupOf(m.name) !== "groupRecorded").slice(0, maxAsked).map((metric) => {
        const expr = summed(metric, matchers);
        const answer = rangeOf(now, expr);
        missing ||= !answer;
        const values = answer?.value?.series[0]?.values ?? [];
        return { key: metric.name, metric, values, like: Math.max(...lines.map((line) => Math.abs(correlation(line, values)))) };
      }).filter((m) => m.like >= least).sort((a, b) => b.like - a.like).slice(0, maxShown);
      // The old ones stay until all answers are there.
      if (missing) return;
      element.hidden = found.length === 0;
      list(cards, found, (/** @type {typeof found[number]} */ _) => nearCard(chosen));
    },
  };
}

/** summed is one line for a metric. */
function summed(/** @type {import("./explore.js").Metric} */ { name, type, native, bare }, /** @type {string} */ matchers) {
  const rate = (/** @type {string} */ suffix) => `rate(${name}${suffix}${matchers}[1m])`;
  if (type === "counter") return `sum (${rate("")})`;
  if (type === "histogram" && native) return `histogram_avg(sum (${rate("")}))`;
  if ((type === "histogram" || type === "summary") && !bare) return `sum (${rate("_sum")}) / sum (${rate("_count")})`;
  return `sum (${name}${matchers})`;
}

function nearCard(/** @type {(metric: import("./explore.js").Metric) => void} */ chosen) {
  const name = make("bdi");
  const button = make("button", { type: "button", class: "link" }, name);
  const path = svg("path", { class: "ln l1" });
  /** @type {import("./explore.js").Metric | null} */
  let shown = null;
  button.addEventListener("click", () => { if (shown) chosen(shown); });
  return {
    element: make("section", { class: "card" }, make("header", {}, make("h3", {}, button)), make("div", { class: "body" }, svg("svg", { class: "spark", viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" }, path))),
    update(/** @type {{metric: import("./explore.js").Metric, values: (number | null)[]}} */ { metric, values }) {
      shown = metric;
      put(name, visible(metric.name));
      attribute(path, "d", sparkPath(values, Math.max(...values.map((v) => v ?? 0), 1e-12), 1000, 100));
    },
  };
}
