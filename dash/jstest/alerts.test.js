import assert from "node:assert/strict";
import test from "node:test";
import { agrees, byJob, choices, firedOver, firingFrom, hostOf, keyOf, kindOf, matches, pageOf, pastOf, perRule, restOf, ruleOf, rulesOf, silenceLink, sorted, stripsOf, textOf, unitOfRule, versionBefore } from "../static/alerts.js";
import { activeOf } from "../static/rulesview.js";
import { range } from "./ranges.js";

test("an alert's rule: the one that lists it, else one with its labels, else one of its name", () => {
  const rules = rulesOf([
    { name: "g", rules: [{ name: "A", labels: { severity: "page" } }, { name: "A", labels: { severity: "ticket" }, alerts: [{ labels: { job: "x", alertname: "A" } }] }, { name: "B", labels: { team: "{{ $labels.team }}" } }] }, {},
  ]);
  assert.deepEqual(rules.map((r) => [r.group, r.name]), [["g", "A"], ["g", "A"], ["g", "B"]]);
  assert.equal(ruleOf(rules, { alertname: "A", severity: "page", job: "y" }).labels.severity, "page");
  assert.equal(ruleOf(rules, { alertname: "A", job: "x" }).labels.severity, "ticket");
  assert.equal(ruleOf(rules, { alertname: "A", severity: "other" }).labels.severity, "page");
  assert.equal(ruleOf(rules, { alertname: "B", team: "web" }).name, "B");
  assert.equal(ruleOf(rules, { alertname: "C" }), undefined);
});

test("a series agrees with an alert that has its labels, but for those that the rule adds", () => {
  const alert = { alertname: "A", job: "a", severity: "page" };
  const added = { severity: "page" };
  assert.deepEqual([
    agrees({ __name__: "x", job: "a" }, alert, added), agrees({ job: "a", severity: "low" }, alert, added), agrees({ job: "b" }, alert, added), agrees({}, alert, added), agrees({ job: "a", path: "/" }, alert, added),
    agrees({ job: "a", path: "" }, alert, added), agrees({}, { alertname: "A" }, {}),
  ], [true, true, false, false, false, true, true]);
});

test("the unit is the one in which the rule's texts write its value", () => {
  const rule = (/** @type {string} */ text) => ({ annotations: { summary: text } });
  assert.deepEqual([
    unitOfRule(rule("{{ $value | humanizePercentage }} fail"), "x"), unitOfRule(rule("{{$value|humanizeDuration}}"), "x"), unitOfRule(rule("{{ $value | humanize1024 }}B"), "x"),
    unitOfRule(rule("slow"), "histogram_quantile(0.95, sum by (le) (rate(x_seconds_bucket[5m])))"), unitOfRule(rule("{{ $value }}"), "x"), unitOfRule(undefined, "x"),
  ], ["ratio", "latency", "bytes", "latency", "number", "number"]);
});

test("alerts that are over: from, to, the newest first; one that still fires is none", () => {
  const answer = range([{ __name__: "ALERTS", alertstate: "firing", alertname: "A" }, [1, 1, null, null, 1, null]], [{ alertname: "B" }, [null, null, 1, 1, 1, 1]], [{ alertname: "C" }, [null, 1, 1, null, null, null]]);
  const short = (/** @type {Set<string>} */ firing) => pastOf(answer, firing).map((p) => [p.labels.alertname, p.from, p.to, p.before, p.after].join(" "));
  const over = ["A 40 40 false false", "C 10 20 false false", "A 0 10 true false"];
  assert.deepEqual(short(new Set([keyOf({ alertname: "B" })])), over);
  assert.deepEqual(short(new Set()), ["B 20 50 false true", ...over]);
  assert.deepEqual(pastOf(range(), new Set()), []);
  assert.equal(new Set(pastOf(answer, new Set()).map((p) => p.key)).size, 4);
});

test("between two points of the span no alert is missed", () => {
  assert.equal(firedOver(15, 15), 'ALERTS{alertstate="firing"}');
  assert.equal(firedOver(300, 15), 'max_over_time(ALERTS{alertstate="firing"}[300s])');
});

test("keys do not depend on the order of labels", () => {
  assert.equal(keyOf({ a: "1", b: "2" }), keyOf({ b: "2", a: "1" }));
  assert.ok(keyOf({ a: "1" }) !== keyOf({ a: "2" }));
  assert.equal(restOf({ alertname: "A", job: "x", path: "/" }), "job: x, path: /");
});

test("a silence has the alert's labels, whatever is in them", () => {
  const link = silenceLink("https://am.example/x/api/v2/alerts", { alertname: "A", path: '/a"&\\ü\n#', "my.label": "}" });
  assert.ok(link.startsWith("https://am.example/x/#/silences/new?filter="), link);
  assert.ok(!/[{}"\s&]/.test(link), link);
  assert.equal(decodeURIComponent(link.split("filter=")[1]), '{alertname="A",path="/a\\"&\\\\ü\\n#","my.label"="}"}');
  assert.deepEqual(["javascript:alert(1)//api/v2/alerts", "https://am.example/other", "", "http:///api/v2/alerts"].map((url) => silenceLink(url, { a: "b" })), ["", "", "", ""]);
  assert.deepEqual([hostOf("https://am.example:9093/x"), hostOf("?")], ["am.example:9093", ""]);
});

test("a runbook is read from the page's own origin, and only where it is a text", () => {
  const base = "https://tacho.example/x/";
  assert.deepEqual([
    pageOf("https://tacho.example/runbooks/A.md", "A", base), pageOf("https://other.example/A.md", "A", base), pageOf("https://tacho.example/-/quit", "A", base), pageOf("https://tacho.example/q?x=.md", "A", base),
    pageOf("http://localhost:9464/alerts/TachoPanics.md", "TachoPanics", base), pageOf("http://localhost:9464/alerts/TachoPanics.md", "TachoOther", base), pageOf("http://localhost:9464/alerts/A.md", "A", base),
  ], ["https://tacho.example/runbooks/A.md", "", "", "", "https://tacho.example/x/alerts/TachoPanics.md", "", ""]);
});

/** @returns {any} */
const active = (/** @type {string} */ state, /** @type {string} */ activeAt, /** @type {Record<string, string>} */ labels) => ({ key: keyOf(labels), state, activeAt, labels, annotations: {} });

test("firing alerts come first, then critical ones, then older ones", () => {
  const all = [active("pending", "2026-01-01T00:00:00Z", { alertname: "P", severity: "critical" }), active("firing", "2026-01-03T00:00:00Z", { alertname: "W", severity: "warning" }),
    active("firing", "2026-01-05T00:00:00Z", { alertname: "C2", severity: "page" }), active("firing", "2026-01-04T00:00:00Z", { alertname: "C1", severity: "critical" })];
  assert.deepEqual(sorted(all).map((a) => a.labels.alertname), ["C1", "C2", "W", "P"]);
});

test("tacho's own alerts have a kind and a subject; without the label, and of others, none", () => {
  assert.deepEqual([{ alertname: "TachoLatencyHigh", path: "/a" }, { alertname: "TachoScrapeFailing", instance: "a:1" }, { alertname: "TachoErrorRatioHigh" }, { alertname: "Other", path: "/a" }].map(kindOf),
    [{ kind: "latency", subject: "/a" }, { kind: "target", subject: "a:1" }, { kind: "", subject: "" }, { kind: "", subject: "" }]);
});

test("a choice of the filter keeps its alerts, and no others", () => {
  const all = [{ job: "shop", severity: "critical" }, { job: "shop", severity: "warning" }, { job: "shop-2" }, { job: "two words" }].map((l) => active("firing", "", l));
  const found = choices(all);
  assert.deepEqual(found.map((c) => [c.text, c.n]), [["critical", 1], ["warning", 1], ["shop", 2], ["shop-2", 1]]);
  for (const c of found) assert.equal(all.filter((a) => matches(a, c.filter)).length, c.n, c.filter);
  assert.equal(matches(all[0], "critical SHOP"), true);
  assert.equal(matches(all[0], "warning shop"), false);
});

test("one rule does not hide the others", () => {
  const all = ["A", "A", "B", "A"].map((alertname, i) => active("firing", "", { alertname, path: String(i) }));
  const { shown, rest } = perRule(all, 2);
  assert.deepEqual([shown.map((a) => a.labels.path), rest], [["0", "1", "2"], [{ name: "A", n: 1 }]]);
});

test("alerts by service, the most first, with the first moment", () => {
  const at = (/** @type {string} */ job, /** @type {number} */ s) => active("firing", new Date(s * 1000).toISOString(), { job });
  assert.deepEqual(byJob([at("b", 5), at("a", 9), at("a", 7), active("firing", "", {})]), [{ job: "a", n: 2, since: 7 }, { job: "b", n: 1, since: 5 }, { job: "", n: 1, since: Infinity }]);
});

test("after a version is said only if every alert began in the ten minutes after its deployment", () => {
  const at = (/** @type {number} */ s) => active("firing", new Date(s * 1000).toISOString(), {});
  const findings = [{ after: { kind: "restart", at: new Date(900_000).toISOString() } }, { after: { kind: "deployment", at: new Date(1000_000).toISOString(), version: "1.1.0" } }];
  assert.deepEqual([versionBefore([at(1000), at(1600)], findings), versionBefore([at(999), at(1100)], findings), versionBefore([at(1601)], findings), versionBefore([], findings), versionBefore([at(1000)], [])], ["1.1.0", "", "", "", ""]);
});

test("strips: a rule's periods over all its alerts; critical covers warning", () => {
  const answer = range([{ alertname: "A", severity: "warning", path: "/a" }, [1, 1, null, 1]], [{ alertname: "A", severity: "critical", path: "/b" }, [null, 1, null, null]], [{ alertname: "B" }, [null, null, null, 1]]);
  assert.deepEqual(stripsOf(answer), [{ name: "A", times: 3, points: ["warning", "critical", "", "warning"] }, { name: "B", times: 1, points: ["", "", "", "warning"] }]);
});

test("when an alert began to fire: the first point of the period that goes on; unknown before the range", () => {
  const labels = { alertname: "A", path: "/a" };
  const of = (/** @type {(number | null)[]} */ ...values) => firingFrom(range([{ __name__: "ALERTS", alertstate: "firing", ...labels }, values]), labels);
  const { start, step } = range([labels, [1, 1, 1, 1]]);
  assert.deepEqual([of(1, null, 1, 1), of(null, 1, 1, 1), of(1, 1, 1, 1), of(1, 1, 1, null), firingFrom(range([{ alertname: "B" }, [null, 1]]), labels)], [start + 2 * step, start + step, NaN, NaN, NaN]);
});

test("an alert's texts are those of the page's language, if the rule has them", () => {
  const both = { summary: "It is slow.", summary_zh: "响应缓慢。", description: "It is." };
  assert.equal(textOf(both, "summary", "zh-CN"), "响应缓慢。");
  assert.equal(textOf(both, "summary", "en"), "It is slow.");
  assert.equal(textOf(both, "description", "zh-CN"), "It is.");
  assert.equal(textOf({}, "description", "zh-CN"), "");
});

test("a rule counts the alerts that it lists, not those of another rule of its name", () => {
  const alerts = /** @type {import("../static/alerts.js").Alert[]} */ ([{ key: "a", state: "firing", labels: { alertname: "A" }, annotations: {} }]);
  const rule = (/** @type {object} */ more) => /** @type {import("../static/alerts.js").Rule} */ ({ group: "g", name: "A", type: "alerting", ...more });
  assert.deepEqual([rule({ alerts: [] }), rule({ alerts }), rule({})].map((r) => activeOf(r, alerts).text), ["0", "1", "1"]);
});
