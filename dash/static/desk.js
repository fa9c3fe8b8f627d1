// The desk between the screens and the API: screens say what they want to know, as
// often as they like; what is not known yet is asked for together.

/**
 * A Question is one of: what an expression is at a moment; what it was over a span;
 * or a list of the API. All times are seconds since the epoch.
 * @typedef {{expr: string, at: number} | {expr: string, from: number, to: number, step: number}} Asked
 * @typedef {Asked | {list: string, at: number, [parameter: string]: string | number | undefined}} Question
 *
 * An Answer has either a value or a problem.
 * @typedef {{value?: any, problem?: import("./api.js").Problem}} Answer
 */

const keyOf = (/** @type {Question} */ q) => JSON.stringify(q);

/** desk returns one with nothing on it. */
export function desk() {
  /** @type {Map<string, Answer>} */
  const known = new Map();
  /** @type {Map<string, Question>} */
  let wanted = new Map();
  return {
    /** begin starts a look at all screens. */
    begin() {
      wanted = new Map();
    },
    /**
     * get returns the answer, or undefined while there is none.
     * @param {Question} question
     */
    get(question) {
      const key = keyOf(question);
      wanted.set(key, question);
      return known.get(key);
    },
    /** missing are the questions asked since begin that have no answer. */
    missing: () => [...wanted].filter(([key]) => !known.has(key)).map(([, question]) => question),
    /**
     * put keeps an answer.
     * @param {Question} question
     * @param {Answer} answer
     */
    put(question, answer) {
      known.set(keyOf(question), answer);
    },
    /** retry drops what went wrong: it is asked again. */
    retry() {
      for (const [key, answer] of known) if (answer.problem) known.delete(key);
    },
    /** forget drops what nobody has wanted since begin. */
    forget() {
      for (const key of known.keys()) if (!wanted.has(key)) known.delete(key);
    },
  };
}
