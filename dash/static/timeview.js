// Where the time goes: the requests in flight on average, by route, before and now; which instance, and what
// takes more and less.

import { card } from "./card.js";
import { changedView } from "./changed.js";
import { chart } from "./chart.js";
import { attribute, list, make, put, svg } from "./dom.js";
import { facts } from "./facts.js";
import { latency, rate, ratio, visible } from "./format.js";
import { stateIcon } from "./icons.js";
import { lineStyle, shownOf } from "./lines.js";
import { say } from "./messages.js";
import { rangeOf, samplesOf } from "./now.js";
import { matchersOf, union } from "./queries.js";
import { columns, withEnd } from "./range.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { begunOf, findingsOf, groundsOf } from "./signals.js";
import { rateBy } from "./names.js";
import { percentOf } from "./geometry.js";
import { zoomTo } from "./trend.js";
import { addressOf } from "./view.js";
import { busiest, meansOfRoutes, parted, spentText } from "./where.js";
import { dependenciesOf, dependsCard, namesOf, waitsText } from "./whereview.js";

/** Routes with a color of their own, and instances with a column. */
const [maxParts, maxInstances] = [5, 4];

/** @param {import("./now.js").ChangeView} changeView */
export function timeView(changeView) {
  const say1 = sentence();
  const flow = chart("trend", zoomTo(changeView), { size: "tall" });
  const where = instancesOfRoutes();
  const changed = changedView(changeView);
  const compares = compareChips(changeView);
  const table = facts("changedTable", [
    { label: "routeByChange" }, { label: "concurrency", number: true }, { label: "beforeColumn", number: true, hide: "hide-s" }, { label: "moreColumn", number: true },
    { label: "mean", number: true }, { label: "rateColumn", number: true }, { label: "share", number: true, hide: "hide-s" },
  ], 50, { stays: true, stacked: true });
  const depends = dependsCard();
  const conclusion = make("p", { class: "conclude" });
  depends.element.append(conclusion);
  attribute(flow.element, "data-id", "chartTime");
  return {
    element: make("div", { class: "timeview" }, say1.element, make("div", { class: "grid wide" }, flow.element, where.element),
      make("div", { class: "tools" }, make("h2", {}, say("moreAndLess")), compares.element), table.element,
      make("div", { class: "grid two" }, changed.element, depends.element)),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./queries.js").Subject} subject
     * @param {import("./marks.js").Mark[]} marks
     */
    update(now, service, subject, marks) {
      compares.update(now);
      const means = changed.update(now, subject, service);
      const ends = samplesOf(now, flowQuery(now, subject));
      if (!ends) return;
      const changes = present(means, ends, service);
      const all = busiest(changes);
      say1.update(service, changes);
      const shown = flowOf(now, subject, ends, all.slice(0, maxParts).map((c) => c.key));
      const findings = findingsOf(service, undefined);
      if (shown) {
        flow.update(shown, marks, { grounds: groundsOf(findings, ["latency"], "warn"), begun: begunOf(findings) });
        flow.note(say("nowBefore", { now: rate(sum(changes, "time")), before: rate(sum(changes, "timeBefore")) }));
      }
      where.update(now, service, subject, all);
      table.update([...changes].sort((a, b) => moved(b) - moved(a) || (a.key < b.key ? -1 : 1)).map((c) => ({ key: c.key, cells: changeCells(now, service, c) })), [say("noPoints"), ""]);
      depends.update(now, service);
      const found = dependenciesOf(now, service);
      if (found) put(conclusion, waitsText(found.pools));
    },
  };
}

/** flowQuery is the concurrency by route. */
const flowQuery = (/** @type {import("./now.js").Now} */ now, /** @type {import("./queries.js").Subject} */ subject) => `sum by (method, path) (${now.source.seconds(matchersOf(subject))})`;

/** present are the changes with what is now instead of the mean of the range: an incident of a minute is small in an hour. */
function present(/** @type {import("./changes.js").Change[]} */ means, /** @type {import("./model.js").Sample[]} */ ends, /** @type {import("./model.js").Service} */ service) {
  const now = new Map(ends.map((s) => [keyOf(s.metric), numberOf(s.value[1]) || 0]));
  const rates = new Map(service.routes.map((r) => [r.key, r.rate]));
  const total = [...now.values()].reduce((n, v) => n + v, 0);
  return means.map((c) => {
    const [time, per] = [now.get(c.key) ?? 0, rates.get(c.key) ?? 0];
    return { ...c, time, rate: per, mean: time / per, share: total > 0 ? time / total : 0 };
  });
}

/** moved is by how much the concurrency of a route has changed, in steps: what is smaller is noise, and must not change the order of rows. */
const moved = (/** @type {import("./changes.js").Change} */ c) => Math.round(Math.abs(c.time - c.timeBefore) * 10);

const keyOf = (/** @type {Record<string, string>} */ m) => JSON.stringify([m.method ?? "", m.path ?? ""]);

const sum = (/** @type {import("./changes.js").Change[]} */ all, /** @type {"time" | "timeBefore"} */ field) => all.reduce((n, c) => n + c[field], 0);

/** compareChips choose what it is compared with. */
function compareChips(/** @type {import("./now.js").ChangeView} */ changeView) {
  const all = /** @type {[string, string][]} */ ([["before", "vs_before"], ["day", "vs_day"], ["week", "vs_week"]]).map(([compare, text]) => {
    const button = make("button", { type: "button", class: "chip" }, say(text));
    button.addEventListener("click", () => changeView((v) => ({ ...v, compare })));
    return { compare, button };
  });
  return {
    element: make("div", { class: "filters", role: "group", "aria-label": say("compare") }, ...all.map((c) => c.button)),
    update(/** @type {import("./now.js").Now} */ { view }) {
      for (const { compare, button } of all) attribute(button, "aria-pressed", String((view.compare || "before") === compare));
    },
  };
}

/** sentence is the verdict of this screen, with the two bars. */
function sentence() {
  const state = stateIcon();
  const text = make("span");
  const quiet = make("span", { class: "quiet" });
  const bars = ["before", "now"].map((id) => {
    const name = make("span");
    const drawn = svg("svg", { "aria-hidden": "true", class: id === "before" ? "thin" : "" });
    const total = make("b");
    return { id, name, drawn, total };
  });
  const element = make("section", { class: "verdict plain", "aria-label": say("verdict") },
    make("div", { class: "say" }, state.element, make("p", { role: "status" }, text, quiet)),
    make("div", { class: "stackbar" }, ...bars.flatMap((b) => [b.name, b.drawn, b.total])), make("p", { class: "foot" }, say("littlesLaw")));
  return {
    element,
    update(/** @type {import("./model.js").Service} */ service, /** @type {import("./changes.js").Change[]} */ changes) {
      const [total, before] = [sum(changes, "time"), sum(changes, "timeBefore")];
      const spent = spentText(total, before);
      const more = spent === "spendsMore";
      state.update(more ? "slow" : "healthy");
      attribute(element, "class", `verdict ${more ? "warn" : "plain"}`);
      put(text, say(spent, { job: visible(service.job) || say("noJob"), times: Number((total / before).toPrecision(2)), now: rate(total), before: rate(before) }));
      const [first, second] = [...changes].map((c) => ({ c, part: (c.time - c.timeBefore) / (total - before) })).sort((a, b) => b.part - a.part);
      put(quiet, more && first ? say("makesOf", { route: visible(`${first.c.method} ${first.c.path}`), share: ratio(Math.min(1, first.part)) }) + (second && second.part >= 0.1 ? say("andMakes", { route: visible(`${second.c.method} ${second.c.path}`), share: ratio(second.part) }) : "") + say("fullStop") : "");
      const parts = partsOf(changes);
      const most = Math.max(total, before, 1e-9);
      bars.forEach(({ id, name, drawn, total: number }) => {
        const field = id === "before" ? "timeBefore" : "time";
        put(name, id === "before" ? say("before") : say("nowWord"));
        put(number, rate(sum(changes, field)));
        drawBar(drawn, parts.map((p) => ({ color: p.color, name: p.name, value: p[field] })), most);
      });
    },
  };
}

/** partsOf are the routes with a color of their own, and the others together. */
function partsOf(/** @type {import("./changes.js").Change[]} */ changes) {
  const all = busiest(changes);
  const others = all.slice(maxParts);
  return [
    ...all.slice(0, maxParts).map((c, i) => ({ color: lineStyle(c.key, i).color, name: visible(`${c.method} ${c.path}`.trim()), time: c.time, timeBefore: c.timeBefore })),
    ...(others.length ? [{ color: "--c7", name: say("othersOf", { n: others.length }), time: sum(others, "time"), timeBefore: sum(others, "timeBefore") }] : []),
  ];
}

/** drawBar draws the parts one after the other; a part with room says its name. */
function drawBar(/** @type {Element} */ drawn, /** @type {{color: string, name: string, value: number}[]} */ parts, /** @type {number} */ most) {
  let x = 0;
  const places = parts.map((p) => {
    const from = x;
    x += p.value / most;
    return { ...p, from, width: p.value / most };
  });
  drawn.replaceChildren(...places.flatMap(({ color, name, value, from, width }) => [
    svg("rect", { class: color.replace("--c", "f"), x: percentOf(from), width: percentOf(width), height: "100%" }, svg("title", {}, `${name} ${rate(value)}`)),
    ...(width > 0.14 ? [svg("text", { x: percentOf(from + 0.008), y: "50%", dy: 4 }, `${name.length > 40 * width + 8 ? `${name.slice(0, Math.floor(40 * width) + 7)}…` : name} ${rate(value)}`)] : []),
  ]));
}

/** flowOf is the concurrency by route over the range; undefined until there is an answer. */
function flowOf(/** @type {import("./now.js").Now} */ now, /** @type {import("./queries.js").Subject} */ subject, /** @type {import("./model.js").Sample[]} */ ends, /** @type {string[]} */ keys) {
  const expr = flowQuery(now, subject);
  const answer = rangeOf(now, expr);
  if (!answer?.value) return undefined;
  const [times, lines] = withEnd(answer.value.series.map((/** @type {import("./api.js").Series} */ s) => ({ name: keyOf(s.metric), values: s.values })), columns(answer.value)[0],
    ends.map((s) => ({ name: keyOf(s.metric), value: numberOf(s.value[1]) })), ends.length ? now.at : 0);
  const { chosen, others, n } = parted(lines, keys);
  const named = chosen.map((l) => ({ name: JSON.parse(l.name).join(" ").trim(), values: l.values }));
  const all = others ? [...named, { name: say("othersOf", { n }), values: others }] : named;
  return shownOf({ id: "chartTime", unit: "rate", by: "", expr, stacked: true }, { times, names: all.map((l) => l.name), values: all.map((l) => l.values) });
}

/** instancesOfRoutes says for each route whether one instance is slower. */
function instancesOfRoutes() {
  const frame = card(say("whichInstance"), "fact");
  frame.note(say("meanPerRoute"));
  const head = make("tr");
  const body = make("tbody");
  frame.element.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("whichInstance") }, make("table", { class: "dense" }, make("thead", {}, head), body)));
  return {
    element: frame.element,
    update(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./queries.js").Subject} */ subject, /** @type {import("./changes.js").Change[]} */ all) {
      const names = namesOf(now, service);
      const by = names.duration?.method || names.duration?.join ? ["method", "path", "instance"] : ["path", "instance"];
      const per = (/** @type {string} */ suffix) => rateBy(names.duration, suffix, by, { job: subject.job, schema: "" }, now.source.window || "1m");
      const [seconds, count] = [per("_sum"), per("_count")];
      frame.element.hidden = !seconds || !count;
      if (!seconds || !count) return;
      const found = samplesOf(now, union([["seconds", seconds], ["count", count]]));
      if (!found) return;
      const { instances, routes } = meansOfRoutes(found, all.map((c) => c.key), maxInstances);
      const texts = [say("route"), ...instances.map(visible), say("verdict")];
      if (head.dataset.key !== texts.join("|")) {
        head.dataset.key = texts.join("|");
        head.replaceChildren(...texts.map((text, i) => make("th", { scope: "col", class: i > 0 && i < texts.length - 1 ? "n" : "" }, text)));
        body.replaceChildren();
      }
      list(body, routes.slice(0, 8).map((r) => ({ ...r, key: `${instances.join("|")} ${r.key}` })), meanRow);
    },
  };
}

/** meanRow is a route with its mean latency in each instance. */
function meanRow(/** @type {import("./where.js").RouteMeans} */ { means }) {
  const name = make("bdi", { class: "route" });
  const cells = means.map(() => make("b"));
  const words = make("td", { class: "small" });
  return {
    element: make("tr", {}, make("td", { class: "nw" }, name), ...cells.map((c) => make("td", { class: "n" }, c)), words),
    update(/** @type {import("./where.js").RouteMeans} */ r) {
      put(name, visible(r.name));
      r.means.forEach((m, i) => {
        put(cells[i], latency(m.mean));
        attribute(cells[i], "class", m.far ? "is-warn" : "");
      });
      const far = r.means.find((m) => m.far);
      put(words, far ? say("onlyLook", { instance: visible(far.instance) }) : say("alike"));
      attribute(words, "class", far ? "small" : "small muted");
    },
  };
}

function changeCells(/** @type {import("./now.js").Now} */ now, /** @type {import("./model.js").Service} */ service, /** @type {import("./changes.js").Change} */ c) {
  const name = `${c.method} ${c.path}`;
  const more = c.time - c.timeBefore;
  const strong = c.timeBefore > 0 && c.time >= 1.5 * c.timeBefore && more >= 0.05;
  return [
    { text: name, href: addressOf(now.view, { open: placeOf(service), route: name, part: "" }), mono: true }, { text: rate(c.time), bold: true, title: say("concurrencyMeans") }, rate(c.timeBefore),
    { text: Math.abs(more) < 0.005 ? "0" : `${more > 0 ? "+" : "−"}${Math.abs(more).toFixed(2)}`, worse: strong, bold: true }, { text: latency(c.mean), was: Number.isFinite(c.meanBefore) ? say("wasValue_", { value: latency(c.meanBefore) }) : "" }, rate(c.rate), { text: ratio(c.share), share: c.share },
  ];
}
