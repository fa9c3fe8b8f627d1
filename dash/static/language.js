// The texts of the reader's language. The build makes a file of each column of the table
// in messages.js (internal/bundler), because a person reads one of them.

import { choose, learn } from "./messages.js";

/** @type {Record<string, () => Promise<{ words: Record<string, [string, string]> }>>} */
const files = {
  "en": () => import("./words.en.js"),
  "zh-CN": () => import("./words.zh-CN.js"),
};

/**
 * speak chooses the language as choose does, and fetches its texts.
 * @param {string} asked
 * @param {readonly string[]} preferred
 */
export async function speak(asked, preferred) {
  const language = choose(asked, preferred);
  learn((await files[language]()).words);
  return language;
}
