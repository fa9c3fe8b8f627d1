import assert from "node:assert/strict";
import test from "node:test";
import { marksOf, markText, notesOver, startsOver, versionsOver, withJudged } from "../static/marks.js";
import { range, vector } from "./ranges.js";

const edges = { from: 0, to: 100 };
const none = range();

test("a version that comes while another was there is a deployment, at the start of its process", () => {
  const versions = range([{ __name__: "shop_build_info", version: "1" }, [1, 1, 1, null]], [{ __name__: "shop_build_info", version: "2" }, [null, null, 1, 1]], [{ __name__: "tacho_build_info", version: "9" }, [1, 1, 1, 1]]);
  const starts = range([{ started: "14.5" }, [null, null, 1, 1]], [{ started: "-500" }, [1, 1, 1, 1]]);
  assert.deepEqual(marksOf(versions, starts, [], edges).map(({ at, kind, text }) => [at, kind, text]), [[14.5, "deploy", "2"]]);
  assert.deepEqual(marksOf(versions, none, [], edges).map(({ at }) => at), [20]);
});

test("processes that begin together are one restart", () => {
  const starts = range([{ started: "30" }, [1]], [{ started: "33" }, [1]], [{ started: "60" }, [1]], [{ started: "400" }, [1]]);
  assert.deepEqual(marksOf(none, starts, [], edges).map(({ at, text }) => [at, text]), [[30, "2"], [60, ""]]);
});

test("notes are at the moment that they are about, each once, and hostile ones are text", () => {
  const notes = vector([{ text: "a\u202e\n" }, 50], [{ text: "a\u202e\n" }, 50], [{ text: "early" }, -5]);
  const found = marksOf(none, none, notes, edges);
  assert.equal(found.length, 1);
  assert.match(markText(found[0]), /a\\u202e\\n$/);
});

test("queries hold hostile names as text", () => {
  for (const q of [versionsOver('x"}\n'), startsOver('x"}\n')]) assert.ok(q.includes('job="x\\"}\\n"'), q);
  assert.ok(notesOver("a.b|c", 60).includes('{job=~"a\\\\.b\\\\|c|"}[60s]'), notesOver("a.b|c", 60));
});

test("a deployment that the verdict names is there at every range, and once", () => {
  const after = { kind: "deployment", at: new Date(1_000_000_000).toISOString(), version: "1.1.0" };
  const seen = { key: "x", at: 1_000_010, kind: "deploy", text: "1.1.0" };
  const [early, other] = [{ key: "e", at: 5, kind: "restart", text: "" }, { kind: "restart", at: after.at }];
  assert.deepEqual(withJudged([early], [{ after }, { after }, { after: other }, {}], 600).map(({ at, kind, text }) => [at, kind, text]), [[5, "restart", ""], [1_000_000, "deploy", "1.1.0"]]);
  assert.deepEqual(withJudged([seen], [{ after }], 1), [seen]);
});
