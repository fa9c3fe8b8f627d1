package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tacho-go/tacho/server"
)

// version is set by the build of a release: -ldflags "-X main.version=1.2.3".
var version = ""

// revision returns the commit that the program was built from.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "-dirty"
			}
		}
	}
	if commit == "" {
		return ""
	}
	return commit[:min(12, len(commit))] + dirty
}

func versionText() string { return cmp.Or(version, "dev") }

func versionLine() string {
	return fmt.Sprintf("tacho %s (%s), Prometheus %s inside, %s %s/%s",
		versionText(), cmp.Or(revision(), "no commit recorded"), server.PrometheusVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func newVersion(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of tacho, Prometheus and Go",
		Args:  noArguments("it only prints"),
		Run:   func(*cobra.Command, []string) { fmt.Fprintln(s.out, versionLine()) },
	}
}
