//go:build race

package tacho

// Under -race, pools drop what they are given, by chance.
const poolsForget = true
