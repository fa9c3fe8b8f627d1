import assert from "node:assert/strict";
import test from "node:test";
import { momentOf, nearest, pin, point } from "../static/cursor.js";
import { begunOf, groundsOf, limitOf, split } from "../static/signals.js";

test("the nearest point, and none outside", () => {
  assert.deepEqual([0, 4, 6, 10, 24.9, 30].map((at) => nearest([0, 10, 20, 30], at)), [0, 0, 1, 1, 2, 3]);
  assert.deepEqual([nearest([0, 10], 11), nearest([0, 10], NaN), nearest([], 1), nearest([5], 5)], [-1, -1, -1, 0]);
});

test("charts share a moment until it is pinned", () => {
  const moment = momentOf("a test");
  assert.equal(momentOf("a test"), moment);
  /** @type {number[]} */
  const told = [];
  moment.followers.add(({ at }) => told.push(at));
  point(moment, NaN, null);
  point(moment, 5, null);
  pin(moment, true);
  point(moment, 7, null);
  pin(moment, false);
  point(moment, NaN, null);
  pin(moment, true);
  assert.deepEqual(told, [5, 5, 5, NaN, NaN]);
  assert.equal(moment.pinned, false, "there is nothing to pin");
});

test("the ground of what was wrong, together where it overlaps", () => {
  const f = (/** @type {string} */ kind, /** @type {number} */ since, /** @type {number} */ until = 0) =>
    /** @type {any} */ ({ kind, since: new Date(since * 1000).toISOString(), ...(until ? { until: new Date(until * 1000).toISOString() } : {}) });
  assert.deepEqual(groundsOf([f("errors", 50), f("errors", 10, 20), f("errors", 15, 30), f("latency", 1)], ["errors"]),
    [{ from: 10, to: 30, tone: "bad" }, { from: 50, to: Infinity, tone: "bad" }]);
  assert.deepEqual([begunOf([f("errors", 10, 20), f("latency", 50), f("errors", 60)]), begunOf([f("errors", 10, 20)]), begunOf([])], [50, 10, 0]);
});

test("a number and its unit", () => {
  assert.deepEqual(["678 ms", "10.9%", "≥ 10 s", "<0.01%", "1,234 s", "–"].map((t) => Object.values(split(t)).join("|")), ["678| ms", "10.9|%", "≥ 10| s", "<0.01|%", "1,234| s", "–|"]);
});

test("the limit on a chart: of what goes on, without digits that say nothing, and none where it is unknown", () => {
  const finding = (/** @type {string} */ kind, /** @type {number} */ limit, until = "") => /** @type {import("../static/verdict.js").Finding} */ ({ kind, job: "shop", now: 1, worst: 1, limit, since: "", until });
  assert.deepEqual(limitOf([finding("errors", 0.05)], "chartErrors"), { value: 0.05, text: "limit 5%" });
  assert.equal(limitOf([finding("latency", 0.3)], "chartLatency")?.text, "limit 300 ms");
  assert.deepEqual([limitOf([finding("errors", NaN)], "chartErrors"), limitOf([finding("errors", 0.05, "2026-11-29T01:50:00Z")], "chartErrors"), limitOf([finding("errors", 0.05)], "chartLatency")], [null, null, null]);
});
