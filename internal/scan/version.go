package scan

import (
	"runtime/debug"
	"sync"
)

// Version is the version of tacho in the running program, "(devel)" if it was built from a
// checkout.
var Version = sync.OnceValue(func() string {
	const module, unknown = "github.com/tacho-go/tacho", "(devel)"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	for _, m := range append(build.Deps, &build.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return unknown
})
