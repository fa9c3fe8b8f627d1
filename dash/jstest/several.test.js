import assert from "node:assert/strict";
import test from "node:test";
import { countsOf } from "../static/cardinality.js";
import { maxHistory, remembered } from "../static/history.js";
import { queriesOf, together, viewOf } from "../static/several.js";
import { addressOf, firstView, parseView } from "../static/view.js";
import { range, vector } from "./ranges.js";

test("queries in an address", () => {
  const queries = [{ expr: "a", hidden: false }, { expr: 'b{x="1"}\n', hidden: true }, { expr: "", hidden: false }];
  const view = { ...firstView(), ...viewOf(queries) };
  assert.deepEqual(queriesOf(parseView(addressOf(view, {}))), queries.map((q, i) => ({ letter: "ABC"[i], ...q })));
  assert.deepEqual(viewOf([{ expr: "a", hidden: false }]), { expr: "a", also: "", hide: "" });
  assert.deepEqual(viewOf([]), { expr: "", also: "", hide: "" });
  for (const also of ["{", "7", '{"a":1}', "[1,null]", '"text"']) assert.deepEqual(queriesOf({ expr: "a", also, hide: "" }).map((q) => q.expr), ["a"], also);
  assert.equal(queriesOf({ expr: "a", also: JSON.stringify(Array(99).fill("b")), hide: "Z" }).length, 6, "as many as there are letters");
  assert.equal(parseView(addressOf(view, { expr: "other" })).also, "", "a link to another query shows it alone");
});

test("answers on one grid, each with its letter", () => {
  const a = range([{ kind: "x" }, [1, 2, 3]], [{ kind: "y" }, [1, 2, 9]]);
  const b = range([{ kind: "x" }, [5, null, 7]]);
  const { times, lines, n } = together([{ letter: "A", range: a, samples: vector([{ kind: "x" }, 4]) }, { letter: "B", range: b, samples: vector([{ kind: "x" }, 8]) }], 25);
  assert.deepEqual(times, [0, 10, 20, 25]);
  assert.deepEqual(lines.map((l) => [l.name, l.values]), [["A kind=x", [1, 2, 3, 4]], ["A kind=y", [1, 2, 9, null]], ["B", [5, null, 7, 8]]]);
  assert.equal(n, 3);
  const many = range(.../** @type {any} */ (Array.from({ length: 30 }, (_, i) => [{ i: String(i) }, [i]])));
  const shared = together([{ letter: "A", range: many, samples: [] }, { letter: "B", range: many, samples: [] }], 0).lines;
  assert.deepEqual([shared.length, shared.filter((l) => l.name.startsWith("A")).length], [20, 10]);
});

test("the history is short, the newest first, each query once", () => {
  assert.deepEqual(remembered(["a", "b"], "b"), ["b", "a"]);
  assert.deepEqual(remembered(["a"], ""), ["a"]);
  assert.deepEqual(remembered(["a"], "x".repeat(5001)), ["a"]);
  const full = remembered(Array.from({ length: maxHistory }, (_, i) => String(i)), "new");
  assert.deepEqual([full.length, full[0], full.at(-1)], [50, "new", "48"]);
});

test("series are counted by metric, and values by at most 15 labels", () => {
  const { metrics, labels } = countsOf('a"b', ["__name__", "job", "path", "odd.name", ...Array.from({ length: 30 }, (_, i) => `l${i}`)]);
  assert.equal(metrics, 'topk (20, count by (__name__) ({job="a\\"b"}))');
  assert.equal(labels.split("\nor\n").length, 16);
  assert.ok(labels.includes('count (count by (path) ({job="a\\"b",path!=""}))') && !labels.includes("odd.name"), labels);
});
