import test from "node:test";
import assert from "node:assert/strict";
import { laterMessages } from "../static/latermessages.js";
import { choose, languages, learn, messages, other, say } from "../static/messages.js";

const all = { ...messages, ...laterMessages };

const words = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();

test("every message is there in every language, with the same words to fill in", () => {
  for (const [key, texts] of Object.entries(all)) {
    assert.equal(texts.length, languages.length, key);
    for (const text of texts) {
      assert.deepEqual(words(text), words(texts[0]), key);
      assert.equal(text === "", texts[0] === "", key);
    }
  }
});

test("messages that come later are told once, and said from then on", () => {
  assert.deepEqual(Object.keys(laterMessages).filter((key) => key in messages), []);
  const [key] = Object.keys(laterMessages);
  assert.equal(say(key), key);
  learn(laterMessages);
  assert.equal(say(key), laterMessages[key][0]);
});

test("what is Chinese is not English", () => {
  for (const [key, [en, zh]] of Object.entries(all)) {
    assert.ok(!/[\u3000-\u9fff\uff00-\uffef]/.test(en) || key === "language", key);
    const alike = en.replace(/\{\w+\}/g, "").replace(/[^A-Za-z]/g, ""); // names of quantiles and symbols are the same in both
    assert.ok(en !== zh || alike === "" || /^(p+|CPU)$/.test(alike), key);
  }
});

test("the language is what is asked for, else the person's, else English", () => {
  assert.equal(choose("", ["de-DE", "zh-TW", "en"]), "zh-CN");
  assert.equal(say("oneHealthy"), "服务运行正常。");
  assert.equal(other(), "en");
  assert.equal(choose("en", ["zh-CN"]), "en");
  assert.equal(choose("tlh", ["zh-CN"]), "zh-CN");
  assert.equal(choose("", ["de"]), "en");
  assert.equal(choose("__proto__", []), "en");
});
