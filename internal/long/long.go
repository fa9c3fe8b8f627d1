// Package long gives tests that repeat something at random moments two forms: a
// short one, which runs by default, and the whole one, which `make long` and CI
// run.
//
// The summary of `make test` lists each test that ran short.
package long

import (
	"fmt"
	"os"
	"testing"
)

// Variable names the environment variable that selects the whole form: any
// value but the empty one.
const Variable = "TACHO_LONG"

// Attribute is the key under which a test that runs short reports itself, as
// testing.TB.Attr.
const Attribute = "ran_short"

// Form returns how often a test repeats what it repeats: whole times if the
// environment selects the whole form, short times otherwise. what names it in
// the plural. Only a Test function itself may call Form: `make long` finds the
// tests to run by that call.
func Form(t testing.TB, short, whole int, what string) int {
	t.Helper()
	if os.Getenv(Variable) != "" {
		return whole
	}
	t.Attr(Attribute, fmt.Sprintf("%d of %d %s", short, whole, what))
	return short
}
