package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/schema"
)

// A generator is a command that writes files.
type generator struct {
	use, short, long string
	args             cobra.PositionalArgs
	register         func(*pflag.FlagSet)
	check            func(*pflag.FlagSet) error // optional
	files            func(context.Context, call) ([]output.File, error)
}

// A call is what a generator is called with.
type call struct {
	args    []string
	flags   *pflag.FlagSet
	command string // the command line that regenerates the files, without secrets
}

func (g generator) command(s streams) *cobra.Command {
	var to string
	var check bool
	cmd := &cobra.Command{Use: g.use, Short: g.short, Long: g.long, Args: g.args}
	if g.args == nil {
		cmd.Args = noArguments("its settings are flags")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := notEmpty(cmd.Flags(), "output"); err != nil {
			return usage(err)
		}
		if check && to == output.Stdout {
			return usage(output.ErrPipe)
		}
		if g.check != nil {
			if err := g.check(cmd.Flags()); err != nil {
				return usage(err)
			}
		}
		files, err := g.files(cmd.Context(), call{args, cmd.Flags(), commandLine(cmd, args)})
		if err != nil {
			return err
		}
		return deliver(to, check, files, s.out)
	}
	g.register(cmd.Flags())
	cmd.Flags().StringVar(&to, "output", output.Stdout, "`file` or folder to write; - is the standard output, and a folder ends with /")
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; fail, with a diff, if the output is not up to date")
	return cmd
}

// deliver writes the files or checks them.
func deliver(to string, check bool, files []output.File, out io.Writer) error {
	if !check {
		err := output.Write(to, files, out)
		if errors.Is(err, output.ErrSeveral) {
			return usage(err)
		}
		return err
	}
	stale, err := output.Check(to, files)
	switch {
	case errors.Is(err, output.ErrSeveral):
		return usage(err)
	case err != nil:
		return err
	case len(stale) == 0:
		return nil
	}
	if _, err := out.Write(stale); err != nil {
		return err
	}
	return fmt.Errorf("%s is not up to date: run the command again without --check", to)
}

// notRepeated are flags that do not change what is generated.
var notRepeated = []string{"check", "help", "settings", "log-level", "log-format"}

// commandLine returns the command with its flags, from wherever they were set, in a fixed order. It hides
// passwords and the values of headers.
func commandLine(cmd *cobra.Command, args []string) string {
	words := strings.Fields(cmd.CommandPath())
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed || slices.Contains(notRepeated, f.Name) {
			return
		}
		for _, v := range flagValues(f) {
			if f.Name == "from-header" {
				name, _, _ := strings.Cut(v, ":")
				v = name + ": …"
			}
			if f.Value.Type() == "bool" {
				words = append(words, "--"+f.Name+"="+v)
				continue
			}
			words = append(words, "--"+f.Name, shellWord(v))
		}
	})
	return strings.ReplaceAll(redact.Text(strings.Join(words, " ")), "=true", "")
}

func flagValues(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}

// plainWord matches words that a shell takes as they are.
var plainWord = lazyregexp.New(`^[A-Za-z0-9_@%+=:,./-]+$`)

func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "'", `'\''`) + "'"
}

// sourceFlags choose the metrics for which something is generated.
type sourceFlags struct {
	from    string
	headers []string
	schemas []string
}

func (f *sourceFlags) register(flags *pflag.FlagSet, schemas string) {
	flags.StringVar(&f.from, "from", "", "`URL` of a running service's metrics: generate for what it exports")
	flags.StringArrayVar(&f.headers, "from-header", nil, "`'Name: value'` header to send to --from; repeatable")
	flags.StringArrayVar(&f.schemas, "schema", nil, "`name` of a library's metrics, such as default, flask or micrometer; repeatable; "+schemas)
}

// source is where the names come from.
type source struct {
	schemas []schema.Schema
	live    live.Registry // nil without --from
}

// read returns the chosen schemas, or those of the service, and none without either.
func (f *sourceFlags) read(ctx context.Context) (source, error) {
	if f.from != "" && len(f.schemas) > 0 {
		return source{}, usage(errors.New("--from and --schema: use one of them; a running service shows its schema itself"))
	}
	if f.from == "" {
		if len(f.headers) > 0 {
			return source{}, usage(errors.New("--from-header without --from: name the service, such as --from :8080"))
		}
		chosen, err := chosenSchemas(f.schemas)
		return source{schemas: chosen}, err
	}
	registry, err := f.registry(ctx)
	if err != nil {
		return source{}, err
	}
	found := registry.Schemas()
	if len(found) == 0 {
		return source{}, fmt.Errorf("--from %s: it has no known HTTP metrics, which this needs: see docs/frameworks.md, or tacho doctor %s",
			redact.URL(f.from), redact.URL(f.from))
	}
	return source{found, registry}, nil
}

// registry reads the metrics of the service.
func (f *sourceFlags) registry(ctx context.Context) (live.Registry, error) {
	scraper, err := f.scraper()
	if err != nil {
		return nil, err
	}
	registry, err := scraper.Registry(ctx)
	return registry, f.wrap(err)
}

// scrape reads the samples of the service.
func (f *sourceFlags) scrape(ctx context.Context) (doctor.Scrape, error) {
	scraper, err := f.scraper()
	if err != nil {
		return doctor.Scrape{}, err
	}
	scrape, err := scraper.Scrape(ctx)
	return scrape, f.wrap(err)
}

func (f *sourceFlags) scraper() (*doctor.Scraper, error) {
	header, err := parseHeaders("from-header", f.headers)
	if err != nil {
		return nil, usage(err)
	}
	scraper, err := doctor.NewScraper(doctor.Options{URL: f.from, Header: header, Timeout: 10 * time.Second}, "tacho-generate")
	if err != nil {
		return nil, usage(fmt.Errorf("--from: %w", err))
	}
	return scraper, nil
}

// wrap adds the service to an error.
func (f *sourceFlags) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--from %s: %w", redact.URL(f.from), err)
}

// chosenSchemas returns the schemas of the names.
func chosenSchemas(names []string) (all []schema.Schema, err error) {
	for _, name := range names {
		i := slices.IndexFunc(schema.Known(), func(s schema.Schema) bool { return s.Name == name })
		switch {
		case name == "all":
			return schema.Known(), nil
		case i < 0:
			return nil, usage(fmt.Errorf("--schema %s: there is no such schema; there are all, %s", name, strings.Join(schemaNames(), ", ")))
		}
		all = append(all, schema.Known()[i])
	}
	return all, nil
}

func schemaNames() (all []string) {
	for _, s := range schema.Known() {
		all = append(all, s.Name)
	}
	return all
}
