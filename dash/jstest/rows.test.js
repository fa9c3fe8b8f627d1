import assert from "node:assert/strict";
import test from "node:test";

import { pause } from "../static/live.js";
import { say } from "../static/messages.js";
import { hasMatch, rows } from "../static/rows.js";
import { formatView, isElsewhere, parseView, sortBy } from "../static/view.js";

const firstView = () => parseView("");
const route = (path, rate, state = "healthy", more = {}) => ({ key: path, method: "GET", path, apart: "", state, rate, ...more });
const shop = { job: "shop", state: "healthy", routes: [
  route("/b", 2), route("/a", NaN), route("unmatched", 99, "healthy", { apart: "unmatched" }), route("/d", 1, "errors"), route("/c", 3, "slow"), route("/e", 0, "idle"),
] };
const order = (view) => rows(shop, { ...firstView(), ...view }).map((r) => r.path);

test("order", () => {
  for (const [view, want] of [
    [{}, ["/d", "/c", "/a", "/b", "/e", "unmatched"]],
    [{ sort: "rate", descending: true }, ["/c", "/b", "/d", "/e", "/a", "unmatched"]],
    [{ sort: "rate", descending: false }, ["/e", "/d", "/b", "/c", "/a", "unmatched"]],
    [{ sort: "route", descending: true }, ["/e", "/d", "/c", "/b", "/a", "unmatched"]],
  ]) assert.deepEqual(order(view), want, JSON.stringify(view));
});

test("a busy route stands above those that are idle, whatever their names", () => {
  const quiet = { ...shop, routes: [route("/a", 0, "idle"), route("/b", 0, "idle"), route("/z", 2), route("/y", 1, "slow")] };
  assert.deepEqual(rows(quiet, firstView()).map((r) => r.path), ["/y", "/z", "/a", "/b"]);
});

test("the filter wants every word, in any case, anywhere", () => {
  for (const [filter, want] of [
    ["/B", ["/b"]], ["get ERRORS", ["/d"]], ["shop /c", ["/c"]], ["other /c", []], [" ", ["/d", "/c", "/a", "/b", "/e", "unmatched"]],
  ]) assert.deepEqual(order({ filter }), want, filter);
  assert.ok(hasMatch({ job: "silent", state: "noData", routes: [] }, { ...firstView(), filter: "sil" }));
  assert.ok(!hasMatch(shop, { ...firstView(), filter: "nothing like it" }));
});

test("the fragment keeps a view, and survives nonsense", () => {
  for (const view of [
    firstView(), { ...firstView(), sort: "p95", descending: true }, { ...firstView(), sort: "route", filter: "a&b=c #ü %" },
    { ...firstView(), open: "shop", route: "GET /a&b", span: { last: 3600 } }, { ...firstView(), span: { from: 100, to: 200 }, lang: "zh-CN", compare: "week", theme: "dark", zone: "Asia/Shanghai", page: "explore", table: "1", expr: 'sum(x{a="b&c"}) + 1' },
  ]) {
    assert.deepEqual(parseView(formatView(view)), view);
  }
  assert.equal(formatView(firstView()), "");
  assert.deepEqual(parseView("#sort=-__proto__&x=%zz&filter=f&span=soon&page=__proto__&theme=red&compare=1"), { ...firstView(), filter: "f" });
  assert.deepEqual([isElsewhere({ ...firstView(), route: "x" }, firstView()), isElsewhere({ ...firstView(), filter: "x" }, firstView())], [true, false]);
});

test("a click sorts numbers downwards, names upwards, and turns round", () => {
  const rate = sortBy(firstView(), "rate");
  assert.deepEqual([rate.descending, sortBy(rate, "rate").descending, sortBy(rate, "route").descending], [true, false, false]);
});

test("pauses", () => {
  assert.deepEqual([0, 500, 1500, 3000].map((took) => pause(took)), [2000, 1500, 4500, 9000]);
  assert.deepEqual([0, 100, 1500].map((took) => pause(took, true)), [500, 400, 4500]);
});

test("say", () => {
  assert.equal(say("clause_errors", { job: "{state}", state: "healthy" }), "{state} is failing");
  assert.equal(say("no such key"), "no such key");
});
