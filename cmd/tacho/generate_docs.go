package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/markdown"
	"github.com/tacho-go/tacho/gen/output"
)

const docsLong = `Docs writes a page in Markdown about the metrics of a running service: name, type,
labels and meaning of each.

  tacho generate docs --from :8080 --title shop --output docs/metrics.md`

func newGenerateDocs(s streams) *cobra.Command {
	var source sourceFlags
	var title string
	return generator{
		use: "docs", short: "A page about the metrics of a running service", long: docsLong,
		register: func(flags *pflag.FlagSet) {
			flags.StringVar(&source.from, "from", "", "`URL` of the running service's metrics; required")
			flags.StringArrayVar(&source.headers, "from-header", nil, "`'Name: value'` header to send to --from; repeatable")
			flags.StringVar(&title, "title", "Metrics", "`title` of the page")
		},
		check: func(*pflag.FlagSet) error {
			if source.from == "" {
				return errors.New("docs needs a running service, such as: tacho generate docs --from :8080")
			}
			return nil
		},
		files: func(ctx context.Context, c call) ([]output.File, error) {
			registry, err := source.registry(ctx)
			if err != nil {
				return nil, err
			}
			page := append(output.Markdown(c.command), markdown.Page(title, registry)...)
			return []output.File{{Name: "metrics.md", Content: page}}, nil
		},
	}.command(s)
}
