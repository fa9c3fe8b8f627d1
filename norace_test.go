//go:build !race

package tacho

const poolsForget = false
