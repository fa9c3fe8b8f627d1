// The texts of the user's language. internal/bundler writes a file for each column of the
// table in messages.js, so that a browser loads only one.

import { choose, learn } from "./messages.js";

/** @type {Record<string, () => Promise<{ words: Record<string, [string, string]> }>>} */
const files = {
  "en": () => import("./words.en.js"),
  "zh-CN": () => import("./words.zh-CN.js"),
};

/**
 * speak chooses the language as choose does, and loads its texts.
 * @param {string} asked
 * @param {readonly string[]} preferred
 */
export async function speak(asked, preferred) {
  const language = choose(asked, preferred);
  learn((await files[language]()).words);
  return language;
}
