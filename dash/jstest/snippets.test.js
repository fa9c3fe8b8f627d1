import assert from "node:assert/strict";
import test from "node:test";
import { commandOf, snippets } from "../static/snippets.js";

test("the command has the address and the name as a shell reads them", () => {
  assert.equal(commandOf("", ""), "tacho serve localhost:8080");
  assert.equal(commandOf(" shop.example:80 ", " shop "), "tacho serve shop=shop.example:80");
  assert.equal(commandOf("http://h/m?a=b&c=d", ""), "tacho serve 'http://h/m?a=b&c=d'");
  assert.equal(commandOf("a'; rm x", ""), "tacho serve 'a'\\''; rm x'");
});

test("each snippet has lines, and adds one, unless there is nothing to add", () => {
  for (const s of snippets) assert.ok(s.key === "ready" ? s.lines.length === 0 : s.lines.some((l) => l.add), s.key);
});
