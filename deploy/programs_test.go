//go:build linux && !release

package deploy

import (
	"testing"

	"github.com/tacho-go/tacho/internal/programs"
)

// tachoProgram returns the program under test. With the tag release it is a release's; this one
// is built like all programs that tests start, which saves another build.
func tachoProgram(t *testing.T) string { return program(t, "tacho") }

// tachoKubernetes is the same with Kubernetes discovery.
func tachoKubernetes(t *testing.T) string { return program(t, "tacho-kubernetes") }

func program(t *testing.T, name string) string {
	t.Helper()
	if err := programs.OpenFolders(); err != nil {
		t.Fatal(err)
	}
	return programs.File(t, name)
}
