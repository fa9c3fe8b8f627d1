//go:build !race

package metertest

const PoolsForget = false
