// All services, one card each, the worst first.

import { attribute, list, make, put } from "./dom.js";
import { headline, tiles } from "./head.js";
import { rate, visible } from "./format.js";
import { say } from "./messages.js";
import { isBad } from "./model.js";
import { rangeOf, samplesOf } from "./now.js";
import { overviewLines, spanMeans, spansOf } from "./before.js";
import { hasMatch, placeOf } from "./rows.js";
import { spark } from "./spark.js";
import { titleRow } from "./titlerow.js";
import { verdictView } from "./verdictview.js";
import { addressOf } from "./view.js";

/** @param {import("./now.js").ChangeView} changeView */
export function overview(changeView) {
  const title = titleRow();
  const verdict = verdictView(changeView);
  const filter = /** @type {HTMLInputElement} */ (make("input", { id: "service-filter", type: "search", autocomplete: "off", spellcheck: "false" }));
  const filtered = make("span", { class: "muted" });
  const tools = make("div", { class: "tools" }, make("label", { for: "service-filter" }, say("filterServices")), filter, filtered);
  const cards = make("div", { class: "cards" });
  filter.addEventListener("input", () => changeView((now) => ({ ...now, filter: filter.value })));
  return {
    element: make("div", {}, title.element, verdict.element, tools, cards),
    update(/** @type {import("./now.js").Now} */ now) {
      const { services, view } = now;
      if (filter.value !== view.filter && document.activeElement !== filter) filter.value = view.filter;
      title.element.hidden = verdict.element.hidden = services.length === 0;
      const bad = services.filter((s) => isBad(s.state));
      const rates = services.reduce((sum, s) => sum + (s.rate || 0), 0);
      title.update({ name: say("services"), state: bad[0]?.state, stateWords: say("needYou", { n: bad.length, all: services.length }), facts: [say("factRate", { rate: rate(rates) })] });
      verdict.update(now, null);
      tools.hidden = services.length < 2;
      const chosen = services.filter((s) => hasMatch(s, view));
      put(filtered, chosen.length < services.length ? say("filtered", { n: chosen.length, all: services.length }) : "");
      const means = spansOf(samplesOf(now, services.length ? spanMeans(now) : ""));
      const lines = overviewLines(now).map((expr) => (services.length ? rangeOf(now, expr)?.value : undefined));
      list(cards, chosen.map((service) => ({ key: service.key, service, now, means, lines })), card);
    },
  };
}

function card() {
  const name = make("a");
  const head = headline(name);
  const numbers = tiles(["rate", "errorRatio", "p95", "inFlight", "targets"]);
  const line = spark();
  const element = make("article", { class: "service" }, head.element, make("div", { class: "cardrow" }, numbers.element, line.element));
  return {
    element,
    update(/** @type {{key: string, service: import("./model.js").Service, now: import("./now.js").Now, means: ReturnType<typeof spansOf>, lines: (import("./api.js").Range | undefined)[]}} */ { service, now, means, lines }) {
      element.className = `service ${service.state}`;
      head.update(service);
      attribute(name, "href", addressOf(now.view, { open: placeOf(service), route: "", filter: "" }));
      const empty = service.routes.length === 0;
      numbers.element.hidden = line.element.hidden = empty;
      if (empty) return;
      numbers.update(now, service, { job: service.job, schema: service.schema }, means?.get(service.key));
      const label = say("sparkOf", { job: visible(service.job), now: rate(service.rate) });
      if (!lines[0] || !lines[1]) return line.name(label);
      const of = (/** @type {import("./api.js").Range} */ answer) =>
        answer.series.find((s) => s.metric.job === service.job && (!service.schema || s.metric.schema === service.schema))?.values ?? [];
      line.name(label);
      line.update(of(lines[0]), of(lines[1]));
    },
  };
}
