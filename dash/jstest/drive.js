// What the pages share that use tacho's page in a frame, as a person would, and write down what it then shows.

const results = document.getElementById("results");

export const frame = document.getElementById("page");

export const show = (...line) => results.append(Object.assign(document.createElement("li"), { textContent: line.join(" ") }));
export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export async function until(condition) {
  while (!condition()) await pause(20);
}
