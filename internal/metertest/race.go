//go:build race

package metertest

// PoolsForget is true under -race: pools then drop what they are given, by chance.
const PoolsForget = true
