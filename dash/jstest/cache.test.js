import assert from "node:assert/strict";
import test from "node:test";
import { cache } from "../static/cache.js";

test("a query without a result is missing once, unused results are evicted, failed queries run again", () => {
  const results = cache();
  const [a, b, c] = [{ expr: "a", at: 1 }, { expr: "b", at: 1 }, { list: "rules", at: 1 }];
  results.begin();
  assert.equal(results.get(a), undefined);
  results.get({ ...a });
  results.get(b);
  results.get(c);
  assert.deepEqual(results.missing(), [a, b, c]);
  results.put(a, { value: 1 });
  results.put(b, { problem: /** @type {any} */ ("no") });
  results.put(c, { value: 3 });
  assert.deepEqual(results.missing(), []);
  assert.deepEqual([results.get(a), results.get(b)], [{ value: 1 }, { problem: "no" }]);
  results.evict();
  results.retry();
  results.begin();
  assert.deepEqual([results.get(a), results.get(b), results.missing()], [{ value: 1 }, undefined, [b]]);
  results.evict(); // c was not requested
  results.begin();
  assert.equal(results.get(c), undefined);
});
