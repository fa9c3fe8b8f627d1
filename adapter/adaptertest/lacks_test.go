package adaptertest

import (
	"strings"
	"testing"
)

// TestLacksMustBeTrue: a framework that has a feature must not list it.
func TestLacksMustBeTrue(t *testing.T) {
	for f := range signs {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			fw := plainFramework("")
			fw.Lacks = map[Feature]string{f: "it says so"}
			if err := fw.checkLacks(); err == nil || !strings.Contains(err.Error(), "remove it") {
				t.Errorf("the framework has it, and nobody notices: %v", err)
			}
		})
	}
}

// TestLacksMustBeComplete: each entry names a feature of the suite, and has a reason.
func TestLacksMustBeComplete(t *testing.T) {
	for f, why := range map[Feature]string{"flying": "it has no wings", Hijacking: " "} {
		fw := plainFramework("")
		fw.Lacks = map[Feature]string{f: why}
		if err := fw.checkLacks(); err == nil || !strings.Contains(err.Error(), string(f)) {
			t.Errorf("%q lacking because of %q is accepted: %v", f, why, err)
		}
	}
	if err := NetHTTP().checkLacks(); err != nil {
		t.Error(err)
	}
}
