import assert from "node:assert/strict";
import test from "node:test";

import { useZone } from "../static/format.js";
import { choose } from "../static/messages.js";
import { limitsOf } from "../static/model.js";
import { claim, guess, headlineOf, headlineOfAll, incidentOf, judge, titleOf } from "../static/verdict.js";

useZone("UTC");
const day = new Date().toISOString().slice(0, 10);
const at = (clock) => `${day}T${clock}Z`;
const route = (method, path, rate = 1) => ({ key: JSON.stringify([method, path]), method, path, rate, state: "healthy", errorRatio: 0, p95: 0.1 });
const shop = () => ({ key: "shop", job: "shop", schema: "", state: "healthy", routes: [route("GET", "/second_route"), route("GET", "/api"), route("GET", "/idle", 0)] });
const failing = { kind: "errors", job: "shop", method: "GET", path: "/second_route", now: 0.712, worst: 0.75, before: 0.001, since: at("01:49:20"), after: { kind: "deployment", version: "1.1.0", at: at("01:48:56") } };
const slow = { kind: "latency", job: "shop", method: "GET", path: "/api", now: 0.724, worst: 0.8, before: 0.12, since: at("01:49:20"), where: { instances: 2, only: "b" } };
const more = { facts: " 3 routes.", stale: "" };

test("a verdict gives services and routes their states", () => {
  const s = shop();
  judge([s], { at: at("01:50:00"), services: [{ job: "shop", state: "failing", findings: [failing, slow] }] });
  assert.deepEqual([s.state, ...s.routes.map((r) => r.state)], ["errors", "errors", "slow", "idle"]);
  assert.deepEqual(incidentOf([s], 0), { since: Date.parse(failing.since) / 1000, until: 0 });
});

test("an alert on a route is named, as the route itself does not fire", () => {
  choose("en", []);
  const alert = { kind: "alert", job: "shop", alert: "TachoPanics", path: "/api", now: 1, worst: 1, limit: NaN, since: at("01:49:20") };
  assert.equal(headlineOf(shop(), [alert], [], more).text, "TachoPanics on /api is firing since 01:49:20");
  choose("zh", []);
  assert.equal(headlineOf(shop(), [alert], [], more).text, "TachoPanics（/api） 正在触发，始于 01:49:20");
  choose("en", []);
  assert.equal(headlineOf(shop(), [{ ...alert, path: undefined }], [], more).text, "TachoPanics is firing since 01:49:20");
});

test("the sentence on a service", () => {
  choose("en", []);
  const head = headlineOf(shop(), [failing, slow], [], more);
  assert.equal(head.text + head.quiet, "GET /second_route is failing: 71.2% errors since 01:49:20, 24 s after deploy 1.1.0. 1 more route is unhealthy.");
  assert.equal(head.tone, "bad");
  assert.equal(headlineOf(shop(), [slow], [], more).text, "GET /api is slow: p95 724 ms (was 120 ms), only on b since 01:49:20");
  assert.equal(headlineOf(shop(), [failing, { ...failing, kind: "latency" }], [], more).quiet, ", 24 s after deploy 1.1.0.");
  const over = headlineOf(shop(), [], [{ ...failing, until: at("01:50:20") }], more);
  assert.equal(over.text + over.quiet, "shop is healthy again since 01:50:20. GET /second_route was failing: up to 75.0% errors, for 1 min.");
  assert.equal(headlineOf(shop(), [], [], more).text + more.facts, "shop is healthy. 3 routes.");
  assert.equal(headlineOf(shop(), [], [], { facts: "", stale: "01:50:14" }).text, "At 01:50:14: shop is healthy.");
  choose("zh-CN", []);
  const zh = headlineOf(shop(), [failing, slow], [], more);
  assert.equal(zh.text + zh.quiet, "GET /second_route 错误率 71.2%，始于 01:49:20，版本 1.1.0 部署 24 秒后。另有 1 条路由异常。");
  assert.equal(claim(slow), "变慢：p95 724 ms");
  choose("en", []);
});

test("the sentence over all services, the title and the icon", () => {
  const [bad, well] = [{ ...shop(), state: "errors", judged: { findings: [failing] } }, { ...shop(), key: "pay", job: "pay" }];
  const head = headlineOfAll([bad, well], "");
  assert.equal(head.text + head.quiet, "shop is failing since 01:49:20. The other service is healthy or idle.");
  assert.equal(headlineOfAll([well, well], "").text, "All 2 services are healthy.");
  assert.deepEqual(titleOf([bad, well], "tacho"), { title: "✖ GET /second_route is failing: 71.2% errors · shop · tacho", icon: "icon-bad.svg" });
  assert.deepEqual(titleOf([well], "tacho"), { title: "tacho", icon: "icon.svg" });
});

test("without a verdict the page's own states speak, and an alert that fires is never beside healthy", () => {
  const s = shop();
  s.state = "errors";
  s.routes[0] = { ...s.routes[0], state: "errors", errorRatio: 0.25 };
  guess([s], [], []);
  const head = headlineOf(s, s.judged.findings, [], more);
  assert.equal(head.text + head.quiet, "GET /second_route is failing: 25.0% errors.");
  const quiet = shop();
  guess([quiet], [{ state: "firing", labels: { alertname: "A", job: "shop" } }, { state: "firing", labels: { alertname: "B", job: "other" } }], []);
  assert.equal(quiet.state, "warning");
  const firing = headlineOf(quiet, [], [], more);
  assert.equal(firing.text + firing.quiet, "shop is within its limits, but an alert is still firing: A");
});

test("the limits of a verdict stay for moments without one", () => {
  assert.deepEqual(limitsOf("pay", "/x"), { errorRatio: 0.05, slow: 1, traffic: 0.05 });
  judge([], { at: "", services: [{ job: "pay", state: "healthy", findings: null, limits: { errorRatio: 0.1, latency: 0.3 }, routes: [{ path: "/slow", limits: { errorRatio: 0.1, latency: 10 } }] }] });
  assert.deepEqual([limitsOf("pay", "/x").slow, limitsOf("pay", "/slow").slow, limitsOf("shop", "/slow").slow], [0.3, 10, 1]);
});
