package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/origin"
	"github.com/tacho-go/tacho/multiproc"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/web"
)

const multiprocLong = `Multiproc serves the metrics of a service with several processes that write their
metrics to a directory: Python's prometheus_client under PROMETHEUS_MULTIPROC_DIR,
in the workers of Gunicorn, uWSGI or a development server, and the processes of a
Go service that uses tacho. The service needs no change.

  tacho multiproc --dir /run/shop/metrics
  tacho multiproc --dir shop=/run/shop --dir blog=/run/blog    distinguished by a label app

The totals are the same as those of Python's own collector. The resource usage of
the running workers is added: process_* for all together, tacho_multiproc_worker_*
for each. A damaged, empty or missing file never fails a scrape:
tacho_multiproc_damaged counts the unreadable files, and their previous counts are
kept. With --compact, the files of exited workers are merged into archives, so that
the number of files and the scrape time depend on the running workers only.

The default of --dir is $PROMETHEUS_MULTIPROC_DIR.`

// multiprocFlags are the settings of tacho multiproc.
type multiprocFlags struct {
	dirs        []string
	listen      string
	webConfig   string
	externalURL string
	goFormat    bool
	noProcesses bool
	compact     bool
	limit       int
}

func (f *multiprocFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.dirs, "dir", nil, "`directory` that the processes write to, or NAME=DIR; repeatable")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9200", "`address` to listen on; :9200 allows other machines, see --web-config")
	flags.StringVar(&f.webConfig, "web-config", "", "`file` with TLS, users and headers: the web configuration file of Prometheus exporters")
	flags.StringVar(&f.externalURL, "external-url", "", "`URL` under which a proxy on this machine serves the metrics, if it forwards the Host header")
	flags.BoolVar(&f.goFormat, "go-format", false, `write numbers as in Go, le="1", instead of as in Python, le="1.0"`)
	flags.BoolVar(&f.noProcesses, "no-processes", false, "do not export the workers' resource usage")
	flags.BoolVar(&f.compact, "compact", false, "merge the files of exited workers into archives, every ten seconds; requires access to the workers' processes")
	flags.IntVar(&f.limit, "series-limit", seriesOfDirectory, "maximum `number` of series per directory")
}

func newMultiproc(s streams) *cobra.Command {
	f := &multiprocFlags{}
	cmd := &cobra.Command{
		Use:   "multiproc --dir DIR",
		Short: "Serve the metrics of a service's processes, such as Gunicorn's workers",
		Long:  multiprocLong,
		Args:  noArguments("use --dir for the directory"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := aboveZero(cmd.Flags(), "series-limit"); err != nil {
				return usage(err)
			}
			return serveMultiproc(cmd.Context(), f, s.out)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func serveMultiproc(ctx context.Context, f *multiprocFlags, out io.Writer) error {
	readers, err := f.readers()
	if err != nil {
		return usage(err)
	}
	m, err := f.meter(readers)
	if err != nil {
		return usage(err)
	}
	serve, err := web.Config(f.webConfig, slog.Default())
	if err != nil {
		return usage(fmt.Errorf("--web-config: %s", strings.TrimPrefix(err.Error(), "tacho: ")))
	}
	external, err := server.ParseExternalURL(f.externalURL)
	if err != nil {
		return usage(fmt.Errorf("--external-url: %w", err))
	}
	listener, err := server.Listen(f.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(out, "tacho %s\n  Metrics  %s/metrics\n", versionText(), server.ReachableURL(listener.Addr(), f.webConfig))
	for i, d := range f.dirs {
		fmt.Fprintf(out, "  Folder   %s%s\n", d, describeDir(readers[i].Dir()))
	}
	notePublicAccess(out, listener.Addr().String(), f.webConfig, "read the metrics")
	if f.compact {
		done := compactAll(ctx, readers)
		defer func() { <-done }()
	}
	return m.Serve(ctx, tacho.ServeOptions{Listener: listener, ServeFunc: func(s *http.Server, l net.Listener) error {
		s.Handler = origin.Guard(s.Handler, external)
		return serve(s, l)
	}})
}

// describeDir returns a note if a directory has no metrics: the path may be wrong, or the
// service may not run yet.
func describeDir(dir string) (note string) {
	f, err := os.Open(dir)
	if err == nil {
		defer f.Close()
		if _, err = f.ReadDir(1); errors.Is(err, io.EOF) {
			return "  (empty; metrics appear when the service starts to write)"
		}
	}
	if err == nil {
		return ""
	}
	slog.Warn("tacho: cannot read the directory; is it the PROMETHEUS_MULTIPROC_DIR of the service?", "folder", dir, "reason", err)
	if errors.Is(err, fs.ErrNotExist) {
		return "  (does not exist yet; metrics appear when the service creates it)"
	}
	return "  (cannot be read; see the log)"
}

// ownLabels distinguish the exporter's own metrics from those of the Go service that it
// serves.
var ownLabels = map[string]string{"exporter": "tacho_multiproc"}

// meter returns a Meter that serves the metrics of the directories.
func (f *multiprocFlags) meter(readers []*multiproc.Reader) (*tacho.Meter, error) {
	own := prometheus.NewRegistry()
	all := []prometheus.Gatherer{own}
	for _, r := range readers {
		all = append(all, tacho.SharedWith(r))
	}
	return tacho.New(tacho.Options{
		ConstLabels: ownLabels, Registerer: own, Gatherer: multiproc.Join(all...),
		OmitHTTP: true, OmitRuntime: true, Endpoint: tacho.Endpoint{PythonFormat: !f.goFormat}, Logger: slog.Default(),
		Multiproc: tacho.Multiproc{Off: true}, // it only reads the directories
	})
}

func (f *multiprocFlags) readers() (all []*multiproc.Reader, err error) {
	if len(f.dirs) == 0 {
		dir := multiproc.DirFromEnv()
		if dir == "" {
			return nil, errors.New("--dir is missing: set it to the PROMETHEUS_MULTIPROC_DIR of the service")
		}
		f.dirs = []string{dir}
	}
	names := map[string]bool{}
	for _, dir := range f.dirs {
		name, folder, named := cutNamedDir(dir)
		switch {
		case folder == "":
			return nil, fmt.Errorf("--dir %q: the directory is missing: write --dir DIR or --dir NAME=DIR", dir)
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("--dir %q: the name is not UTF-8", dir)
		case named && name == "":
			return nil, fmt.Errorf("--dir %s: the name before the = is missing: write --dir DIR or --dir NAME=DIR", dir)
		case names[name]:
			return nil, fmt.Errorf("--dir %s: several directories need different names: write --dir NAME=DIR", dir)
		}
		names[name] = true
		o := multiproc.ReaderOptions{Dir: filepath.Clean(folder), SeriesLimit: f.limit, Processes: !f.noProcesses}
		if named {
			o.ConstLabels = map[string]string{"app": name}
		}
		r, err := multiproc.NewReader(o)
		if err != nil {
			return nil, fmt.Errorf("--dir %s: %w", dir, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// cutNamedDir splits NAME=DIR. Without a name, an = is part of the path.
func cutNamedDir(arg string) (name, dir string, named bool) {
	name, dir, named = strings.Cut(arg, "=")
	if !named || strings.ContainsAny(name, `/\`) {
		return "", arg, false
	}
	return name, dir, true
}

// compactEvery is the interval between compactions.
const compactEvery = 10 * time.Second

// compactAll compacts the directories periodically until ctx is done.
func compactAll(ctx context.Context, readers []*multiproc.Reader) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(compactEvery)
		defer tick.Stop()
		last := make([]error, len(readers))
		for {
			for i, r := range readers {
				last[i] = compactOne(r, last[i])
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return done
}

// compactOne compacts a directory. A repeated error is logged only once.
func compactOne(r *multiproc.Reader, last error) error {
	files, err := r.Compact()
	switch {
	case errors.Is(err, multiproc.ErrBusy): // another process compacts or reads it; try again later
		return last
	case errors.Is(err, fs.ErrNotExist): // the service has not made it yet
		return nil
	case err == nil && files > 0:
		slog.Info("tacho: merged the files of exited workers into archives", "folder", r.Dir(), "files", files)
	case err != nil && (last == nil || last.Error() != err.Error()):
		slog.Warn("tacho: cannot compact the directory", "folder", r.Dir(), "reason", err)
	}
	return err
}
