// Package long gives tests that repeat something at random moments two forms: a short one, which
// runs by default, and a long one for `make long` and CI. Only tests import it.
//
// The summary of `make test` lists each test that ran short.
package long

import (
	"fmt"
	"os"
	"testing"
)

// Variable is the environment variable that selects the long form: any value but the empty one.
const Variable = "TACHO_LONG"

// Attribute is the testing.TB.Attr key under which a test reports that it ran short.
const Attribute = "ran_short"

// Form returns how many times a test repeats: whole times if the environment selects the long
// form, otherwise short times. what names the repetitions, in the plural. Only a Test function
// itself may call Form: `make long` finds the tests to run by that call.
func Form(t testing.TB, short, whole int, what string) int {
	t.Helper()
	if os.Getenv(Variable) != "" {
		return whole
	}
	t.Attr(Attribute, fmt.Sprintf("%d of %d %s", short, whole, what))
	return short
}
