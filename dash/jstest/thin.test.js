import { thinned } from "../static/thin.js";
import assert from "node:assert/strict";
import test from "node:test";

test("a line keeps its peaks, its gaps and its end", () => {
  const times = Array.from({ length: 1000 }, (_, i) => 1000 + i);
  const flat = times.map((_, i) => (i === 500 ? 9 : i === 700 ? -9 : i >= 800 && i < 900 ? null : 1));
  const [at, values] = thinned([times, flat], 100);
  assert.deepEqual(at.length <= 125, true);
  assert.deepEqual([Math.max(...values.map((v) => v ?? 0)), Math.min(...values.map((v) => v ?? 0))], [9, -9]);
  assert.deepEqual(at.filter((t, i) => values[i] === null && /** @type {number} */ (t) >= 1820 && /** @type {number} */ (t) < 1880).length > 3, true);
  assert.deepEqual([at.at(-1), values.at(-1)], [1999, 1]);
  assert.deepEqual(at.every((t, i) => i === 0 || /** @type {number} */ (t) > /** @type {number} */ (at[i - 1])), true);
});

test("a line does not waver while new points come", () => {
  const data = (/** @type {number} */ from) => [0, 1].map((c) => Array.from({ length: 1000 }, (_, i) => (c ? (from + i) % 7 : from + i)));
  const [one, next] = [thinned(data(1000), 100), thinned(data(1001), 100)];
  const middle = (/** @type {(number | null)[][]} */ d) => (d[0].map((t, i) => [t, d[1][i]])).filter(([t]) => Number(t) > 1100 && Number(t) < 1900);
  assert.deepEqual(middle(one), middle(next));
});

test("few points stay as they are", () => {
  const data = [[1, 2, 3], [4, null, 5]];
  assert.deepEqual(thinned(data, 3) === data, true);
});
