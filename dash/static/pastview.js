// When alerts fired in the time range: a strip for each rule, and every period of those that are resolved.

import { keyOf, pastOf, restOf, stripsOf } from "./alerts.js";
import { card, nothing } from "./card.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { facts } from "./facts.js";
import { age, count, shorten, time, visible } from "./format.js";
import { say } from "./messages.js";
import { within } from "./range.js";
import { addressOf } from "./view.js";

/** Resolved alerts that are shown, and rules with a strip. */
const [maxPast, maxStrips] = [50, 30];

const minute = (/** @type {number} */ at) => time(new Date(at * 1000), new Date());

/** pastView returns two elements: the strips, and the table of resolved alerts. */
export function pastView() {
  const table = facts("pastAlerts", [{ label: "alert" }, { label: "labels" }, { label: "from" }, { label: "to" }, { label: "lasted", number: true }], maxPast, { stays: true });
  const strips = stripsCard();
  return {
    element: make("div", { class: "past" }, table.element),
    strips: strips.element,
    update(/** @type {import("./now.js").Now} */ now, /** @type {import("./cache.js").Result | undefined} */ answer) {
      if (!answer) return;
      const { step, edges } = now;
      // An alert that began before the end of the range and still fires is not resolved.
      const firing = (now.alerts ?? []).filter((a) => a.state === "firing" && Date.parse(a.activeAt) / 1000 <= edges.to);
      const all = answer.value ? pastOf(answer.value, new Set(firing.map((a) => keyOf(a.labels)))) : [];
      const missing = answer.problem ? answer.problem.text() : say("noPastAlerts");
      table.update(all.map((p) => pastRow(now, p)), [missing, ""]);
      table.note(all.length ? say("pastExact", { step: age(step) }) : "");
      strips.update(now, answer.value ? stripsOf(answer.value) : [], missing);
    },
  };
}

/**
 * pastRow is a resolved alert; its name links to the time range in which it fired.
 * @param {import("./now.js").Now} now
 * @param {import("./alerts.js").Past} p
 */
function pastRow(now, { key, labels, from, to, before, after }) {
  const margin = Math.max(300, to - from);
  const cut = before || after ? "≥ " : "";
  return {
    key,
    cells: [
      { text: labels.alertname ?? "", href: addressOf(now.view, { span: within(from - margin, to + margin) }), title: say("showThen") },
      restOf(labels), `${before ? "≤ " : ""}${minute(from)}`, `${after ? "≥ " : ""}${minute(to)}`,
      to - from < now.step ? `< ${age(now.step)}` : `${cut}${age(to - from)}`,
    ],
  };
}

/** stripsCard shows for each rule when its alerts fired. */
function stripsCard() {
  const body = make("tbody");
  const span = make("th", { scope: "col" });
  const table = make("table", { class: "dense strips" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("rule")), span, make("th", { scope: "col", class: "n" }, say("timesColumn")))), body);
  const empty = nothing("well");
  const frame = card(say("firedTitle"), "fact", make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("firedTitle") }, table), empty.element);
  return {
    element: frame.element,
    update(/** @type {import("./now.js").Now} */ { edges, step }, /** @type {import("./alerts.js").Strip[]} */ all, /** @type {string} */ missing) {
      put(span, `${minute(edges.from)} → ${minute(edges.to)}`);
      frame.note(all.length ? say("pastExact", { step: age(step) }) : "");
      table.hidden = all.length === 0;
      empty.update(all.length === 0 ? missing : "");
      list(body, all.slice(0, maxStrips).map((s) => ({ key: s.name, ...s })), stripRow);
    },
  };
}

function stripRow() {
  const name = make("bdi", { class: "mono small" });
  const times = make("td", { class: "n" });
  const [warning, critical] = [svg("path", { class: "w" }), svg("path", { class: "b" })];
  const strip = svg("svg", { class: "strip", viewBox: "0 0 1000 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "basebar", width: 1000, height: 1 }), warning, critical);
  return {
    element: make("tr", {}, make("td", { class: "nw" }, name), make("td", { class: "lanecell" }, strip), times),
    update(/** @type {import("./alerts.js").Strip} */ s) {
      put(name, shorten(visible(s.name), 80));
      put(times, count(s.times));
      attribute(warning, "d", pathOf(s.points, "warning"));
      attribute(critical, "d", pathOf(s.points, "critical"));
    },
  };
}

/** pathOf are boxes where a strip is of a kind; a short one is still seen. */
function pathOf(/** @type {string[]} */ points, /** @type {string} */ kind) {
  const width = 1000 / Math.max(1, points.length);
  const box = Math.max(4, width).toFixed(1);
  return points.map((p, i) => (p === kind ? `M${(i * width).toFixed(1)} 0h${box}v1h-${box}z` : "")).join("");
}
