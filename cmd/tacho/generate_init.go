package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/setup"
)

const initLong = `Init looks for services with metrics on this machine and writes a settings file for
tacho serve: the services, and every other setting with its default as a comment.

  tacho generate init --output tacho.yml
  tacho serve --settings tacho.yml`

func newGenerateInit(s streams) *cobra.Command {
	return generator{
		use: "init", short: "A settings file for tacho serve, for the services of this machine", long: initLong,
		register: func(*pflag.FlagSet) {},
		files: func(ctx context.Context, _ call) ([]output.File, error) {
			text, err := setup.File("serve", found(ctx), serveSettings())
			if err != nil {
				return nil, err
			}
			return []output.File{{Name: "tacho.yml", Content: text}}, nil
		},
	}.command(s)
}

// found are the services of this machine that respond with metrics: on the usual ports and, where the
// system tells, on every port that something listens on.
func found(ctx context.Context) (all []setup.Target) {
	for _, p := range target.DiscoverAll(ctx, 5*time.Second) {
		about := "no known HTTP metrics"
		if len(p.Schemas) > 0 {
			about = "naming scheme " + p.Schemas[0].Name
		}
		all = append(all, setup.Target{Address: p.Target.URL.Host, About: about})
	}
	return all
}

// serveSettings are the settings of tacho serve besides its targets.
func serveSettings() (all []setup.Setting) {
	cmd := newServe(streams{strings.NewReader(""), io.Discard, io.Discard})
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "target" || f.Name == "help" || slices.Contains(notInFile, f.Name) {
			return
		}
		_, about := pflag.UnquoteUsage(f)
		all = append(all, setup.Setting{Name: f.Name, About: about, Values: flagValues(f), List: isRepeated(f)})
	})
	return all
}
