import assert from "node:assert/strict";
import test from "node:test";
import { burnNow, emptyIn, fires, firesIn, kept, objectivesOf, percent, requestsLeft, stateOf, suggested, suggestions, toneOf, windowsOf } from "../static/slos.js";

const of = (name, value, labels = {}) => ({ metric: { __name__: `tacho:slo_${name}`, job: "shop", slo: "a", ...labels }, value: [0, String(value)] });

/** samples are those of an objective of 99% with its burn rates over 5m, 1h, 30m and 6h. */
const samples = (left, burns, { events = 1000, bad = 4, slo = "a" } = {}) => [
  of("objective:ratio", 0.99, { slo, window: "30d", kind: "latency", method: "POST", path: "/orders", below: "0.25" }),
  of("error_budget:ratio", left, { slo, window: "30d" }),
  of("events:sum", events, { slo, window: "30d" }), of("bad_events:sum", bad, { slo, window: "30d" }),
  ...["5m", "1h", "30m", "6h"].map((window, i) => of("burn_rate:ratio", burns[i], { slo, window })),
  of("burn_rate:limit", 6, { slo, window: "6h", short: "30m", severity: "critical" }), of("burn_rate:limit", 14.4, { slo, window: "1h", short: "5m", severity: "critical" }),
];

const one = (left, burns, more) => objectivesOf(samples(left, burns, more))[0];

test("an objective has what its rules recorded", () => {
  const o = one(0.6, [20, 10, 8, 2]);
  assert.deepEqual([o.name, o.job, o.of, o.below, o.target, o.period, o.left], ["a", "shop", "POST /orders", 0.25, 0.99, "30d", 0.6]);
  assert.deepEqual(o.pairs.map((p) => [p.long, p.limit]), [["1h", 14.4], ["6h", 6]]);
  assert.deepEqual([burnNow(o), requestsLeft(o), kept(o), windowsOf(o)], [20, 6, 0.996, ["5m", "1h", "6h", "6h"]]);
  assert.equal(emptyIn(o), (0.6 * 30 * 86400) / 20);
});

test("a limit that is no bucket bound comes with the nearest bounds", () => {
  const o = objectivesOf([of("objective:ratio", 0.99, { window: "30d", kind: "latency", below: "0.3" }), of("nearest_bound:seconds", 0.5, { bound: "upper" }), of("nearest_bound:seconds", 0.25, { bound: "lower" })])[0];
  assert.deepEqual([o.bounds, stateOf(o)], [[0.25, 0.5], "noData"]);
  assert.deepEqual(one(0.6, [20, 10, 8, 2]).bounds, []);
});

test("its state is that of its budget and its pairs", () => {
  assert.equal(stateOf(one(0.6, [20, 15, 8, 2])), "errors");
  assert.equal(stateOf(one(0.6, [20, 10, 8, 2])), "healthy");
  assert.equal(stateOf(one(-0.1, [0, 0, 0, 0])), "errors");
  assert.equal(stateOf(one(1, [0, 0, 0, 0], { events: 0, bad: 0 })), "idle");
  assert.equal(stateOf(one(1, [0, 0, 0, 0])), "healthy");
  assert.equal(stateOf(objectivesOf([of("objective:ratio", 0.99, { window: "30d" })])[0]), "noData");
});

test("a pair fires when both of its windows burn too fast, and the page says when that will be", () => {
  const o = one(0.6, [20, 10, 8, 2]);
  assert.equal(fires(o, o.pairs[0]), false);
  assert.equal(firesIn(o, o.pairs[0]), ((14.4 - 10) * 3600) / 10);
  assert.equal(firesIn(one(0.6, [20, 15, 8, 2]), o.pairs[0]), 0);
  assert.equal(firesIn(one(0.6, [5, 3, 2, 1]), o.pairs[0]), Infinity);
  assert.deepEqual([toneOf(o, "5m", 20), toneOf(o, "1h", 10), toneOf(o, "30m", 8)], ["bad", "", "bad"]);
});

test("budgets that are spent come first, then by when they will be empty", () => {
  const all = objectivesOf([...samples(0.9, [2, 1, 1, 1], { slo: "slow" }), ...samples(0.5, [20, 1, 1, 1], { slo: "fast" }), ...samples(-1, [0, 0, 0, 0], { slo: "spent" }), ...samples(0.2, [0, 0, 0, 0], { slo: "still" })]);
  assert.deepEqual(all.map((o) => o.name), ["spent", "fast", "slow", "still"]);
  assert.deepEqual(all.map(emptyIn).map(Number.isFinite), [true, true, true, false]);
});

test("a suggestion would have spent at most half of its budget", () => {
  assert.deepEqual([1, 0.9996, 0.9994, 0.996, 0.94, 0.5].map(suggested), [0.999, 0.999, 0.995, 0.99, NaN, NaN]);
  const part = (name, value, labels = {}) => ({ metric: { job: "my shop", part: name, ...labels }, value: [0, String(value)] });
  assert.deepEqual(suggestions([part("requests", 1000), part("errors", 2), part("bucket", 900, { le: "0.1" }), part("bucket", 996, { le: "0.25" }), part("bucket", 1000, { le: "+Inf" }), part("requests", 0, { job: "idle" })]),
    [{ job: "my shop", texts: ['"my shop": 99.5% available', '"my shop": 99% below 250ms'] }]);
  assert.equal(percent(0.9995), "99.95%");
});
