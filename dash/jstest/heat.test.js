import test from "node:test";
import assert from "node:assert/strict";
import { groups, heat, nativeHeat, shadeOf, usual } from "../static/heat.js";
import { range } from "./ranges.js";

const bucket = (/** @type {string} */ le, /** @type {(number | string)[]} */ ...values) =>
  [{ le }, values];

test("buckets are told apart, in order, and empty edges left out", () => {
  const h = heat(range(bucket("+Inf", 6, 6, 9), bucket("0.1", 1, 0, 2), bucket("1", 5, 6, 9), bucket("0.01", 0, 0, 0), bucket("5", 6, 6, 9)));
  assert.deepEqual(h.bounds, [0.1, 1, 5]);
  assert.equal(h.floor, 0.01);
  assert.deepEqual(h.rows, [[1, 0, 2], [4, 6, 7], [1, 0, 0]]);
  assert.equal(h.most, 7);
  assert.equal(usual(h), 1);
});

test("what is slower than the last bound has a row of its own", () => {
  const h = heat(range(bucket("1", 1, 1, 1), bucket("+Inf", 1, 1, 4)));
  assert.deepEqual(h.bounds, [1, Infinity]);
  assert.equal(usual(h), 1);
});

test("gaps stay gaps, rounding is no negative number, and nothing is nothing", () => {
  const h = heat(range(bucket("1", 1, null, 2), bucket("2", 0.9999, null, 3)));
  assert.deepEqual(h.rows, [[1, null, 2], [0, null, 1]]);
  assert.deepEqual(heat(range()).rows, []);
  assert.deepEqual(heat(range(bucket("1", 0, 0, 0), bucket("soon", 1, 1, 1))).rows, []);
  assert.equal(usual(heat(range())), -1);
});

test("shades: few are seen beside many", () => {
  assert.deepEqual([shadeOf(0, 10, 6), shadeOf(10, 10, 6), shadeOf(2.5, 10, 6), shadeOf(0.0001, 10, 6), shadeOf(1, 0, 6)], [-1, 5, 3, 0, -1]);
});

test("two groups that are apart are two, the larger one first", () => {
  const of = (/** @type {number[]} */ ...rows) => /** @type {any} */ ({ times: [1], bounds: rows.map((_, r) => r + 1), floor: 0, rows: rows.map((v) => [v]), most: Math.max(...rows) });
  assert.deepEqual(groups(of(1, 8, 1, 0, 0, 2.5)).map(({ from, to, share }) => [from, to, Math.round(share * 100)]), [[1, 1, 80], [5, 5, 20]]);
  assert.deepEqual(groups(of(1, 4, 9, 4, 1)), [], "one peak is one group");
  assert.deepEqual(groups(of(9, 0, 0.5)), [], "a few are no group");
  assert.deepEqual(groups(of()), []);
});

test("native histograms have the buckets that were used, and no more rows than one can tell apart", () => {
  const histogram = (/** @type {[number, number, number][]} */ ...buckets) => ({ count: "0", sum: "0", buckets: buckets.map(([from, to, n]) => [0, String(from), String(to), String(n)]) });
  const of = (/** @type {any[]} */ ...histograms) => ({ ...range([{}, histograms.map(() => null)]), series: [{ metric: {}, values: histograms.map(() => null), histograms }] });
  const h = nativeHeat(of(histogram([0.5, 1, 2], [1, 2, 3]), null, histogram([2, 4, 1], [1, 2, 5])));
  assert.deepEqual(h.bounds, [1, 2, 4]);
  assert.equal(h.floor, 0.5);
  assert.deepEqual(h.rows, [[2, null, 0], [3, null, 5], [0, null, 1]]);
  assert.equal(h.most, 5);
  const many = nativeHeat(of(histogram(...Array.from({ length: 160 }, (_, i) => /** @type {[number, number, number]} */ ([i, i + 1, 1])))));
  assert.ok(many.rows.length <= 40 && many.rows.flat().reduce((a, b) => a + b, 0) === 160, `${many.rows.length} rows`);
  assert.equal(many.bounds.at(-1), 160);
  assert.equal(nativeHeat(range([{}, [1, 2, 3]])), null);
  assert.equal(nativeHeat(range()), null);
});

test("a native histogram's bucket without an end is a row", () => {
  const histograms = [{ count: "3", sum: "+Inf", buckets: [[0, "0.5", "1", "2"], [0, "1", "+Inf", "1"]] }];
  const found = nativeHeat(/** @type {any} */ ({ ...range([{}, [null]]), series: [{ metric: {}, values: [null], histograms }] }));
  assert.deepEqual([found?.bounds, found?.rows], [[1, Infinity], [[2], [1]]]);
});
