import assert from "node:assert/strict";
import test from "node:test";
import { blocks, halfOf, inline } from "../static/markdown.js";

const text = (/** @type {string} */ t) => ({ kind: "text", text: t });

test("Markdown: what the pages of alerts use, and everything else is text", () => {
  const page = "# T #\n\nA *b* `c` **d** [e](f.md)\ngoes on\n## Next\n- one\n  more\n- two\n\n1. x\n2. y\n\n```promql\nup == 0\n\n# no heading\n```\n<script>alert(1)</script>\n";
  assert.deepEqual(blocks(page), [
    { kind: "heading", level: 1, inline: [text("T")] },
    { kind: "paragraph", inline: [text("A *b* "), { kind: "code", text: "c" }, text(" "), { kind: "strong", text: "d" }, text(" "), { kind: "link", text: "e", href: "f.md" }, text(" goes on")] },
    { kind: "heading", level: 2, inline: [text("Next")] },
    { kind: "list", ordered: false, items: [[text("one more")], [text("two")]] },
    { kind: "list", ordered: true, items: [[text("x")], [text("y")]] },
    { kind: "code", text: "up == 0\n\n# no heading" },
    { kind: "paragraph", inline: [text("<script>alert(1)</script>")] },
  ]);
});

test("tables have a head and rows", () => {
  assert.deepEqual(blocks("|a|`b`|\n|---|:-:|\n| 1 | 2 |\nafter"), [
    { kind: "table", head: [[text("a")], [{ kind: "code", text: "b" }]], rows: [[[text("1")], [text("2")]]] }, { kind: "paragraph", inline: [text("after")] },
  ]);
  assert.deepEqual(blocks("| no table"), [{ kind: "paragraph", inline: [text("| no table")] }]);
});

test("a page in two languages: each reader gets one half", () => {
  const page = blocks("# T\n\n[中文](#中文)\n\nEnglish\n\n## Fix\n\n## 中文\n\n汉语\n\n### 处理\n\n```sh\n## 中文\n```\n");
  const title = { kind: "heading", level: 1, inline: [text("T")] };
  assert.deepEqual(halfOf(page, "en"), [title, { kind: "paragraph", inline: [text("English")] }, { kind: "heading", level: 2, inline: [text("Fix")] }]);
  assert.deepEqual(halfOf(page, "zh-CN"), [
    title, { kind: "paragraph", inline: [text("汉语")] }, { kind: "heading", level: 2, inline: [text("处理")] }, { kind: "code", text: "## 中文" },
  ]);
});

test("a page in one language is shown to every reader as it is", () => {
  const page = blocks("# T\n\nOnly [中文](#中文)\n\n```sh\n## 中文\n```\n### 中文\n");
  assert.deepEqual([halfOf(page, "en"), halfOf(page, "zh-CN"), halfOf([], "zh-CN")], [page, page, []]);
  assert.deepEqual(halfOf(blocks("x\n## 中文\ny"), "zh"), [{ kind: "paragraph", inline: [text("y")] }]);
});

test("lines of Chinese text are joined without a space", () => {
  assert.deepEqual(blocks("先回滚，\n再排查\n原因。\nGo 与\nGin"), [{ kind: "paragraph", inline: [text("先回滚，再排查原因。Go 与 Gin")] }]);
  assert.deepEqual(blocks("- 一\n  二\n- a\n  b"), [{ kind: "list", ordered: false, items: [[text("一二")], [text("a b")]] }]);
});

test("what is begun and not ended is text, and nothing is lost", () => {
  assert.deepEqual(blocks("```\nopen"), [{ kind: "code", text: "open" }]);
  assert.deepEqual([blocks(""), blocks("\n \n"), inline("")], [[], [], []]);
  assert.deepEqual(inline("a ` b ** c [d](e f) [g]"), [text("a ` b ** c [d](e f) [g]")]);
  assert.deepEqual(inline("`**a**` [`x`](y)"), [{ kind: "code", text: "**a**" }, text(" "), { kind: "link", text: "x", href: "y" }]);
  assert.deepEqual(blocks("#hash\r\n-dash"), [{ kind: "paragraph", inline: [text("#hash -dash")] }]);
  for (const hostile of ["*".repeat(20000), "[".repeat(20000), "`".repeat(20001), "#".repeat(9999), "|".repeat(9999)]) assert.ok(blocks(hostile).length > 0);
});
