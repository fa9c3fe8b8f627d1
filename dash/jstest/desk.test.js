import assert from "node:assert/strict";
import test from "node:test";
import { desk } from "../static/desk.js";

test("what is not known is missing once, what nobody wants is forgotten, and what went wrong is asked again", () => {
  const d = desk();
  const [a, b, c] = [{ expr: "a", at: 1 }, { expr: "b", at: 1 }, { list: "rules", at: 1 }];
  d.begin();
  assert.equal(d.get(a), undefined);
  d.get({ ...a });
  d.get(b);
  d.get(c);
  assert.deepEqual(d.missing(), [a, b, c]);
  d.put(a, { value: 1 });
  d.put(b, { problem: /** @type {any} */ ("no") });
  d.put(c, { value: 3 });
  assert.deepEqual(d.missing(), []);
  assert.deepEqual([d.get(a), d.get(b)], [{ value: 1 }, { problem: "no" }]);
  d.forget();
  d.retry();
  d.begin();
  assert.deepEqual([d.get(a), d.get(b), d.missing()], [{ value: 1 }, undefined, [b]]);
  d.forget(); // c was not wanted
  d.begin();
  assert.equal(d.get(c), undefined);
});
