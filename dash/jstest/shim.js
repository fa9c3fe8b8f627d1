// As much of node:test as these tests use.
export const outcomes = [];

export default function test(name, body) {
  outcomes.push((async () => body())().then(() => ({ name }), (error) => ({ name, error })));
}
