// As much of node:assert/strict as these tests use.
const text = (value) => JSON.stringify(value, (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v === undefined ? "undefined" : v));

function ok(value, message) {
  if (!value) throw new Error(message ?? "not true");
}

export default {
  ok,
  equal: (got, want, message) => ok(Object.is(got, want), `${message ?? ""}: got ${text(got)}, want ${text(want)}`),
  // Keys in any order are not needed here.
  deepEqual: (got, want, message) => ok(text(got) === text(want), `${message ?? ""}: got ${text(got)}, want ${text(want)}`),
  match: (got, pattern) => ok(pattern.test(got), `${text(got)} does not match ${pattern}`),
};
