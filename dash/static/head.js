// The state of a service in words.

import { say } from "./messages.js";

/**
 * stateText is a service's state: that of its routes, and of its targets if only some of
 * them are down.
 * @param {import("./model.js").Service} s
 */
export function stateText(s) {
  if (s.down === 0 || s.down >= s.targets) return say(s.state);
  const some = say("partDown", { down: s.down, all: s.targets });
  return s.state === "down" ? some : say("both", { one: say(s.state), other: some });
}
