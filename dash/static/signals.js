// The four signals: how big is it for the whole service, or for a route? Each is one card: the number now,
// the change, and the curve that ends on this number.

import { meansBefore, meansOf } from "./before.js";
import { chart } from "./chart.js";
import { attribute, make, put } from "./dom.js";
import { change, latency, plain, rate, ratio, visible } from "./format.js";
import { bounded, resourceName } from "./lines.js";
import { say } from "./messages.js";
import { byInstance, endOf, panels } from "./panels.js";
import { answerOf, zoomTo } from "./trend.js";
import { isOn, secondsAt, valueOf } from "./verdict.js";
import { isFar } from "./where.js";

/** The kinds of findings that each card is about, the tone of their ground, and whether its number has it, too. */
const about = /** @type {Record<string, [string[], string, boolean]>} */ ({
  chartRate: [["errors", "target"], "bad", false], chartErrors: [["errors"], "bad", true], chartLatency: [["latency"], "warn", true], chartSaturation: [["pool"], "warn", true],
  chartBadInstances: [["errors"], "bad", false], chartSlowInstances: [["latency"], "warn", false],
});

/** The least value at the top of an axis: noise is drawn low. */
const tops = /** @type {Record<string, number>} */ ({ chartErrors: 0.01, chartSaturation: 1, chartBadInstances: 0.01 });

/**
 * signals returns the four cards. Each keeps its place and size without data.
 * @param {import("./now.js").ChangeView} changeView
 */
export function signals(changeView) {
  const cards = [0, 1, 2, 3].map(() => signal(changeView));
  const element = make("div", { class: "grid four signals", role: "group", "aria-label": say("signals") }, ...cards.map((c) => c.element));
  return {
    element,
    /**
     * update shows all four once all results are there, and reports whether they are.
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./queries.js").Subject} subject
     * @param {{marks: import("./marks.js").Mark[], route?: import("./model.js").Route}} more
     */
    update(now, service, subject, { marks, route }) {
      attribute(element, "data-compare", now.view.compare);
      const all = panelsOf(now, service, subject, route);
      const answers = all.map((panel) => panel && answerOf(now, panel));
      const before = now.query({ expr: meansBefore(now, subject), at: now.edges.to });
      if (answers.includes(undefined) || !before) return false;
      const means = meansOf(before.value?.samples ?? []);
      const findings = findingsOf(service, route);
      all.forEach((panel, i) => cards[i].update(now, panel, answers[i] ?? null, { means, findings, marks, service }));
      return true;
    },
  };
}

/** panelsOf are the four charts of a service or a route. */
function panelsOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./queries.js").Subject} */ subject, /** @type {import("./model.js").Route | undefined} */ route) {
  const all = panels(subject, now.source, now.step, now.every);
  const names = now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };
  const fourth = route ? byInstance(subject, names, route.state === "slow", now.step) : all.find((p) => p.id === "chartSaturation");
  return [...all.slice(0, 3), fourth ?? null];
}

/** findingsOf are those on a service or a route, also those that are over. */
export const findingsOf = (/** @type {import("./model.js").Service} */ s, /** @type {import("./model.js").Route | undefined} */ route) =>
  [...(s.judged?.findings ?? []), ...(s.judged?.over ?? [])].filter(isOn(route));

/**
 * groundsOf are the parts of the time in which something was wrong.
 * @param {import("./verdict.js").Finding[]} findings
 * @param {string[]} kinds
 * @param {string} [tone]
 */
export function groundsOf(findings, kinds, tone = "bad") {
  const parts = findings.filter((f) => kinds.includes(f.kind)).map((f) => ({ from: secondsAt(f.since), to: secondsAt(f.until) || Infinity })).sort((a, b) => a.from - b.from);
  /** @type {{from: number, to: number, tone: string}[]} */
  const found = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (last && part.from <= last.to) last.to = Math.max(last.to, part.to);
    else found.push({ ...part, tone });
  }
  return found;
}

/** begunOf is when the first of the findings that go on, or else the last one, began; 0 if there is none. */
export function begunOf(/** @type {import("./verdict.js").Finding[]} */ findings) {
  const open = findings.filter((f) => !f.until);
  const first = Math.min(...(open.length ? open : findings).map((f) => secondsAt(f.since)));
  return Number.isFinite(first) ? first : 0;
}

/** limitOf is the limit of the worst finding, if there is one and it is known: without a verdict it is not. */
export function limitOf(/** @type {import("./verdict.js").Finding[]} */ findings, /** @type {string} */ id) {
  const kind = { chartErrors: "errors", chartLatency: "latency" }[id];
  const f = findings.find((f) => f.kind === kind && !f.until && f.limit > 0);
  return f ? { value: f.limit, text: say("limitAt", { value: plain(valueOf(f.kind, f.limit)) }) } : null;
}

/** signal is one card. */
function signal(/** @type {import("./now.js").ChangeView} */ changeView) {
  const number = make("span");
  const unit = make("small");
  const big = make("span", { class: "big" }, number, unit);
  const much = make("b");
  const was = make("span");
  const delta = make("span", { class: "delta" }, much, was);
  const one = chart("trend", zoomTo(changeView), { more: "signal", above: [make("p", { class: "now" }, big, delta)] });
  attribute(one.element, "aria-busy", "true");
  put(number, "–");
  return {
    element: one.element,
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./panels.js").Panel | null} panel
     * @param {ReturnType<typeof answerOf> | null} answer
     * @param {{means: import("./before.js").Means, findings: import("./verdict.js").Finding[], marks: import("./marks.js").Mark[], service: import("./model.js").Service}} more
     */
    update(now, panel, answer, { means, findings, marks, service }) {
      const id = panel?.id ?? "chartBadInstances";
      attribute(one.element, "data-id", id);
      if (!answer?.shown) {
        one.fail(id, answer?.problem?.text() ?? say("notExported"), now.refresh);
        return writeNumber({ text: "–", unit: "", much: "", was: "" });
      }
      const [kinds, tone, colored] = about[id];
      const wrong = colored && findings.some((f) => kinds.includes(f.kind) && !f.until);
      one.state(wrong ? tone : "");
      one.update(answer.shown, marks, { grounds: groundsOf(findings, kinds, tone), limit: limitOf(findings, id), begun: begunOf(findings), most: tops[id], buckets: id === "chartLatency" ? service : undefined });
      one.note(noteOf(id));
      writeNumber(numberOf(id, answer.shown, means, service, now));
      attribute(delta, "class", `delta ${wrong ? tone : ""}`.trim());
    },
  };

  function writeNumber(/** @type {{text: string, unit: string, much: string, was: string}} */ n) {
    put(number, n.text);
    put(unit, n.unit);
    put(much, n.much);
    put(was, n.was);
    attribute(delta, "title", n.much + n.was);
  }
}

const noteOf = (/** @type {string} */ id) => ({ chartErrors: say("shareOf5xx"), chartLatency: "p95", chartSaturation: say("theFullest"), chartSlowInstances: say("mean") })[id] ?? "";

/** split takes a written number apart, so that its unit is small: "678 ms" is 678 and ms, "10.9%" is 10.9 and %. */
export function split(/** @type {string} */ text) {
  const [, number, unit] = /^([^a-zA-Zµ%]*[\d∞–])(.*)$/.exec(text) ?? ["", text, ""];
  return { text: number, unit };
}

/** numberOf is the number of a card: on what its chart ends, and how it has changed. */
function numberOf(/** @type {string} */ id, /** @type {import("./lines.js").Shown} */ shown, /** @type {import("./before.js").Means} */ means, /** @type {import("./model.js").Service} */ service, /** @type {import("./now.js").Now} */ now) {
  const moved = (/** @type {number} */ n, /** @type {number} */ before, /** @type {string} */ text) => ({ much: change(n, before), was: Number.isFinite(before) && change(n, before) ? text : "" });
  const wasText = (/** @type {string} */ value) => say("wasThen", { value });
  switch (id) {
    case "chartRate": {
      const n = endOf(shown);
      return { text: rate(n), unit: ` ${say("rateUnit")}`, ...moved(n, means.chartRate, ` ${say(`vs_${now.view.compare || "before"}`)}`) };
    }
    case "chartErrors": {
      const n = endOf(shown, "5xx");
      return { ...split(ratio(n)), ...moved(n, means.chartErrors, wasText(ratio(means.chartErrors))) };
    }
    case "chartLatency": {
      const n = endOf(shown, "0.95");
      return { ...split(bounded(n, service)[0]), ...moved(n, means.chartLatency, wasText(latency(means.chartLatency))) };
    }
    case "chartSaturation": return fullest(shown, means, moved, wasText);
  }
  return instancesNumber(shown);
}

/** fullest is the resource with the highest usage. */
function fullest(/** @type {import("./lines.js").Shown} */ shown, /** @type {import("./before.js").Means} */ { resources }, /** @type {(n: number, before: number, text: string) => {much: string, was: string}} */ moved, /** @type {(value: string) => string} */ wasText) {
  const [first] = shown.names.filter((n) => n !== "before").map((name) => ({ name, n: endOf(shown, name) })).filter(({ n }) => Number.isFinite(n)).sort((a, b) => b.n - a.n);
  if (!first) return { text: "–", unit: "", much: "", was: "" };
  const { text, unit } = split(ratio(first.n));
  const before = Object.hasOwn(resources, first.name) ? resources[first.name] : NaN;
  return { text, unit: say("ofResource", { unit, name: resourceName(first.name) }), ...moved(first.n, before, wasText(ratio(before))) };
}

/** instancesNumber says whether the instances of a route are alike. */
function instancesNumber(/** @type {import("./lines.js").Shown} */ shown) {
  const write = shown.unit === "ratio" ? ratio : latency;
  const all = shown.names.map((name) => ({ name, n: endOf(shown, name) })).filter(({ n }) => Number.isFinite(n)).sort((a, b) => b.n - a.n);
  if (all.length === 0) return { text: "–", unit: "", much: "", was: "" };
  const [most, next] = all;
  const far = isFar(most.n, all.map(({ n }) => n), shown.unit === "ratio" ? 0.01 : 0.005);
  if (far) return { ...split(write(most.n)), much: say("onlyOn_", { instance: visible(most.name) }), was: say("commaOther", { instance: visible(next.name), value: write(next.n) }) };
  return { ...split(write(most.n)), much: all.length > 1 ? say("alike") : "", was: "" };
}
