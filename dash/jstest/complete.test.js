import assert from "node:assert/strict";
import test from "node:test";
import { accepted, complete, errorPlace, mostOptions, placeOfCursor } from "../static/complete.js";

const known = {
  metrics: [{ name: "shop_orders_total", type: "counter", help: "" }, { name: "http_requests_total", type: "counter", help: "" }, ...Array.from({ length: 50 }, (_, i) => ({ name: `many_${i}`, type: "gauge", help: "" }))],
  labels: ["job", "path", "instance"], values: ["/api", 'a"b\n', "/other"],
};
/** The bar is the cursor. */
const at = (/** @type {string} */ text) => [text.replace("|", ""), text.indexOf("|")];
const labels = (/** @type {string} */ text) => complete(...at(text), known).options.map((o) => o.label);

test("what is being written at the cursor", () => {
  for (const [text, kind, label] of [
    ["su|", "word", ""], ["sum by (jo|", "label", ""], ["sum by (job, |) (x)", "label", ""], ["x{|", "label", ""], ["x{job=|", "none", ""], ['x{job="|', "value", "job"], ['x{job=~"a|b"}', "value", "job"],
    ['x{a="b", path!="|"', "value", "path"], ["rate(x[|", "duration", ""], ["rate(x[5|", "duration", ""], ['label_replace(x, "|', "none", ""], ['x{a="\\"} |', "value", "a"], ["x{a='b'} + |", "word", ""], ["sum(x) |", "word", ""], ["|", "word", ""],
  ]) {
    const found = placeOfCursor(...at(text));
    assert.deepEqual([found.kind, found.label], [kind, label], text);
  }
});

test("what begins as it is written comes first, and never too many", () => {
  assert.deepEqual(labels("shop|"), ["shop_orders_total"]);
  assert.deepEqual(labels("total|").slice(0, 2), ["shop_orders_total", "http_requests_total"]);
  assert.equal(labels("rat|")[0], "rate");
  assert.equal(labels("many|").length, mostOptions);
  assert.deepEqual(labels("|"), []);
  assert.deepEqual(labels("x{pa|"), ["path"]);
  assert.deepEqual(labels("x[1|")[0], "1m");
});

test("what is accepted is PromQL, whatever the label's value", () => {
  const found = complete(...at('x{path="a|"} + 1'), known);
  assert.deepEqual(found.options.map((o) => o.text), ['"a\\"b\\n"', '"/api"']);
  assert.deepEqual(accepted('x{path="a"} + 1', found, found.options[0]), ['x{path="a\\"b\\n"} + 1', 15]);
  const open = complete(...at('x{path="/o|'), known);
  assert.deepEqual(accepted('x{path="/o', open, open.options[0]), ['x{path="/other"', 15]);
});

test("where an error is", () => {
  assert.deepEqual(errorPlace("1:6: parse error: unclosed left parenthesis", "sum(x"), { before: "sum(x", at: "", after: "", text: "unclosed left parenthesis" });
  assert.deepEqual(errorPlace('invalid parameter "query": 2:5: parse error: unknown function with name "foo"', "1 +\nüx foo(y)"), { before: "üx ", at: "foo", after: "(y)", text: 'unknown function with name "foo"' });
  assert.equal(errorPlace("found duplicate series", "x"), null);
  assert.equal(errorPlace("9:1: parse error: x", "x"), null);
});
