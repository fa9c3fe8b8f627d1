import test from "node:test";
import assert from "node:assert/strict";
import { heat, shade, usual } from "../static/heat.js";

const edges = { from: 0, to: 20 };
const bucket = (/** @type {string} */ le, /** @type {(number | string)[]} */ ...values) =>
  ({ metric: { le }, values: /** @type {[number, string][]} */ (values.map((v, i) => [i * 10, String(v)])) });

test("buckets are told apart, in order, and empty edges left out", () => {
  const h = heat([bucket("+Inf", 6, 6, 9), bucket("0.1", 1, 0, 2), bucket("1", 5, 6, 9), bucket("0.01", 0, 0, 0), bucket("5", 6, 6, 9)], edges, 10);
  assert.deepEqual(h.bounds, [0.1, 1, 5]);
  assert.equal(h.floor, 0.01);
  assert.deepEqual(h.rows, [[1, 0, 2], [4, 6, 7], [1, 0, 0]]);
  assert.equal(h.most, 7);
  assert.equal(usual(h), 1);
});

test("what is slower than the last bound has a row of its own", () => {
  const h = heat([bucket("1", 1, 1, 1), bucket("+Inf", 1, 1, 4)], edges, 10);
  assert.deepEqual(h.bounds, [1, Infinity]);
  assert.equal(usual(h), 1);
});

test("gaps stay gaps, rounding is no negative number, and nothing is nothing", () => {
  const h = heat([bucket("1", 1, "NaN", 2), bucket("2", 0.9999, "NaN", 3)], edges, 10);
  assert.deepEqual(h.rows, [[1, null, 2], [0, null, 1]]);
  assert.deepEqual(heat([], edges, 10).rows, []);
  assert.deepEqual(heat([bucket("1", 0, 0, 0), bucket("soon", 1, 1, 1)], edges, 10).rows, []);
  assert.equal(usual(heat([], edges, 10)), -1);
});

test("shades", () => {
  assert.deepEqual([shade(0, 10), shade(10, 10), shade(2.5, 10), shade(0.0001, 10), shade(1, 0)], [0, 1, 0.5, 0.06, 0]);
});
