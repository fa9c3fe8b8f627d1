import assert from "node:assert/strict";
import test from "node:test";
import { boxConclusion, boxOf, boxQueries, cellsOf, contrastsOf, formatBox, listedOf, parseBox, requestsIn, tallyBox } from "../static/box.js";
import { addressOf, isElsewhere, parseView } from "../static/view.js";
import { range } from "./ranges.js";

const box = { from: 10, to: 20, low: 0.25, high: 1 };

test("an address keeps a box, of one heatmap; nonsense is none", () => {
  const view = parseView(`open=shop&box=${formatBox(box)}`);
  assert.deepEqual(parseBox(view.box), box);
  assert.deepEqual(parseBox(formatBox({ ...box, low: 0, high: Infinity })), { ...box, low: 0, high: Infinity });
  for (const text of ["", "1_2", "2_1_0_1", "1_2_3_3", "a_b_c_d", "1_2_0_NaN"]) assert.equal(parseBox(text), null, text);
  assert.ok(isElsewhere({ ...view, box: "" }, view), "going back removes it");
  assert.equal(parseView(addressOf(view, { route: "GET /" })).box, "");
  assert.equal(parseView(addressOf(view, { part: "" })).box, view.box);
});

test("a box is whole cells, and none outside of the heatmap's time", () => {
  const h = { times: [0, 10, 20, 30], bounds: [0.25, 0.5, 1, Infinity], floor: 0.1, rows: [], most: 1 };
  const cells = { first: 1, last: 2, bottom: 1, top: 2 };
  assert.deepEqual(boxOf(h, cells), box);
  assert.deepEqual(cellsOf(h, box), cells);
  assert.deepEqual(boxOf(h, { first: 0, last: 0, bottom: 0, top: 3 }), { from: 0, to: 0, low: 0.1, high: Infinity });
  assert.deepEqual(cellsOf(h, { ...box, from: 0, to: 0, low: 0.1, high: Infinity }), { first: 0, last: 0, bottom: 0, top: 3 });
  assert.equal(cellsOf(h, { ...box, from: 40, to: 50 }), null);
  assert.deepEqual(cellsOf({ ...h, times: [15, 25] }, box), { first: 0, last: 0, bottom: 1, top: 2 }, "the rest has left the range");
});

const duration = { metric: "http_request_duration_seconds", kind: "histogram", method: "method", path: "path", instead: { metric: "other" } };
const shop = { job: "shop", schema: "" };
const look = { window: 60, native: false };

test("the queries: both bounds and all requests, by what tells them apart", () => {
  const bucket = 'rate(http_request_duration_seconds_bucket{job="shop",le=~"0.25|1|1.0|\\\\+Inf"}[60s])';
  assert.deepEqual(boxQueries({ name: "", duration }, shop, box, look), [`sum by (instance, le) (${bucket})`, `sum by (method, path, le) (${bucket})`]);
  const [one, ...more] = boxQueries({ name: "", duration: { ...duration, status: "code" } }, { ...shop, method: "GET", path: "/a" }, { ...box, low: 0, high: Infinity }, look);
  assert.equal(more.length, 0, "a route has no routes");
  assert.equal(one, 'label_replace(sum by (instance, code, le) (rate(http_request_duration_seconds_bucket{job="shop",le=~"\\\\+Inf",method="GET",path="/a"}[60s])), "status", "$1", "code", "(.*)")');
  assert.ok(!boxQueries({ name: "", duration: { ...duration, scale: 0.001 } }, shop, box, look)[0].includes("le=~"), "bounds in another unit are written in another way");
  const native = boxQueries({ name: "", duration }, shop, box, { ...look, native: true });
  assert.ok(native[0].includes('histogram_fraction(0.25, 1, sum by (instance) (rate(http_request_duration_seconds{job="shop"}[60s])))'), native[0]);
  assert.deepEqual(boxQueries({ name: "" }, shop, box, look), []);
});

/** Cumulative buckets of an instance at 0, 10, 20 and 30 s: up to 0.25 s, up to 1 s, all. */
const buckets = (/** @type {Record<string, string>} */ labels, /** @type {number[][]} */ [low, high, all]) =>
  /** @type {any[]} */ ([[{ ...labels, le: "0.25" }, low], [{ ...labels, le: "1.0" }, high], [{ ...labels, le: "+Inf" }, all]]);

test("what is in the box and all others are counted apart", () => {
  const byInstance = range(...buckets({ instance: "a" }, [[8, 8, 8, 8], [8, 8, 8, 8], [8, 8, 8, 8]]), ...buckets({ instance: "b" }, [[8, 2, 1, 8], [8, 7, 8, 8], [9, 8, 8, 8]]));
  const byRoute = range(...buckets({ method: "GET", path: "/slow" }, [[0, 0, 0, 0], [0, 5, 7, 0], [0, 5, 7, 0]]), ...buckets({ method: "GET", path: "/" }, [[16, 10, 9, 16], [16, 10, 9, 16], [17, 11, 9, 16]]));
  const counted = tallyBox([byInstance, byRoute], box, new Map([["a", ["1", "1", "1", "1"]], ["b", ["1", "2", "2", "2"]]]));
  const of = (/** @type {string} */ label) => Object.fromEntries(counted.get(label) ?? []);
  assert.deepEqual(of("instance"), { a: { inside: 0, rest: 32 }, b: { inside: 12, rest: 21 } });
  assert.deepEqual(of("version"), { 1: { inside: 0, rest: 41 }, 2: { inside: 12, rest: 12 } });
  assert.deepEqual(of("route"), { "GET /slow": { inside: 12, rest: 0 }, "GET /": { inside: 0, rest: 53 } });
  assert.equal(requestsIn(counted, 10), 120);
  const found = contrastsOf(counted);
  assert.deepEqual(found.map((c) => [c.value, c.says, c.strong]).slice(0, 4), [["GET /slow", "boxOnly", true], ["GET /", "boxNone", false], ["2", "boxOnly", true], ["1", "boxNone", false]]);
  assert.deepEqual(boxConclusion(found).map((c) => c.value), ["GET /slow", "b", "2"]);
});

test("in milliseconds the bounds are the same ones, and native histograms come counted", () => {
  const inMs = range([{ instance: "a", le: "250" }, [1, 1, 1]], [{ instance: "a", le: "1000.0" }, [3, 3, 3]], [{ instance: "a", le: "+Inf" }, [4, 4, 4]]);
  assert.deepEqual(tallyBox([inMs], box, new Map(), 0.001).get("instance")?.get("a"), { inside: 4, rest: 8 });
  const native = range([{ instance: "a", part: "inside" }, [1, 2, 2]], [{ instance: "a", part: "all" }, [4, 4, 4]]);
  assert.deepEqual(tallyBox([native], box, new Map()).get("instance")?.get("a"), { inside: 4, rest: 8 });
});

test("what is alike, alone or without a rest stands not out", () => {
  const of = (/** @type {Record<string, [number, number]>} */ values) => contrastsOf(new Map([["instance", new Map(Object.entries(values).map(([name, [inside, rest]]) => [name, { inside, rest }]))]]));
  assert.deepEqual(of({ a: [5, 50], b: [5, 45] }).map((c) => c.says), ["traitAlike", "traitAlike"]);
  assert.deepEqual(listedOf(of({ a: [5, 50], b: [5, 45], c: [1, 9] })).map((c) => c.value), ["a"], "one row, as none differs");
  assert.deepEqual(listedOf(of({ a: [8, 40], b: [2, 60] })).map((c) => c.value), ["a", "b"]);
  assert.deepEqual(of({ a: [5, 50] }).map((c) => [c.says, c.strong]), [["boxOne_instance", false]]);
  assert.deepEqual(of({ a: [5, 0], b: [1, 0] }).map((c) => [c.says, c.rest]), [["boxNoRest", NaN], ["boxNoRest", NaN]]);
  assert.deepEqual(of({ a: [0, 5] }), [], "nothing is in the box");
  assert.deepEqual(of({ a: [8, 40], b: [2, 60] }).map((c) => [c.says, c.strong]), [["boxMore", true], ["boxFewer", false]]);
});
