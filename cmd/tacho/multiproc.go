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

const multiprocLong = `Multiproc serves the metrics of a service that has several processes, and writes
them into a directory: Python's prometheus_client under PROMETHEUS_MULTIPROC_DIR,
in Gunicorn's workers, uWSGI's, or a development server's, and the processes of a
Go service with tacho. Nothing in the service need be changed.

  tacho multiproc --dir /run/shop/metrics
  tacho multiproc --dir shop=/run/shop --dir blog=/run/blog    a label app tells them apart

The totals of all workers are those that Python's own collector gives. What
the living workers use comes besides: process_* of all together, and
tacho_multiproc_worker_* of each. A file that is damaged, empty or gone never fails
a scrape; tacho_multiproc_damaged counts what could not be read, and what a file
had counted stays. With --compact the files of workers that are gone are folded
into archives, so that files and scrapes are bounded by the living.

Without --dir the directory is that of PROMETHEUS_MULTIPROC_DIR.`

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
	flags.StringArrayVar(&f.dirs, "dir", nil, "`folder` that the processes write into, or NAME=FOLDER; may be repeated")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9200", "`address` to listen on; :9200 lets other machines in, see --web-config")
	flags.StringVar(&f.webConfig, "web-config", "", "`file` with TLS, users and headers, as every Prometheus exporter has it")
	flags.StringVar(&f.externalURL, "external-url", "", "`URL` under which a proxy on this machine serves the metrics, if it passes the Host header on")
	flags.BoolVar(&f.goFormat, "go-format", false, `write numbers as Go does, le="1", and not as Python does, le="1.0"`)
	flags.BoolVar(&f.noProcesses, "no-processes", false, "leave out what the workers' processes use")
	flags.BoolVar(&f.compact, "compact", false, "fold the files of workers that are gone into archives, every ten seconds; needs to see the workers' processes")
	flags.IntVar(&f.limit, "series-limit", 1_000_000, "how many series a folder may have")
}

func newMultiproc(s streams) *cobra.Command {
	f := &multiprocFlags{}
	cmd := &cobra.Command{
		Use:   "multiproc --dir DIR",
		Short: "Serve the metrics of a service's processes, such as Gunicorn's workers",
		Long:  multiprocLong,
		Args:  noArguments("a folder is given with --dir"),
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
		fmt.Fprintf(out, "  Folder   %s%s\n", d, lookInto(readers[i].Dir()))
	}
	noteStrangers(out, listener.Addr().String(), f.webConfig, "read the metrics")
	if f.compact {
		done := compactAll(ctx, readers)
		defer func() { <-done }()
	}
	return m.Serve(ctx, tacho.ServeOptions{Listener: listener, ServeFunc: func(s *http.Server, l net.Listener) error {
		s.Handler = origin.Guard(s.Handler, external)
		return serve(s, l)
	}})
}

// lookInto is a note on a folder that has no metrics: it may be a mistake, or the service may
// not run yet.
func lookInto(dir string) (note string) {
	f, err := os.Open(dir)
	if err == nil {
		defer f.Close()
		if _, err = f.ReadDir(1); errors.Is(err, io.EOF) {
			return "  (empty so far; metrics appear as soon as the service writes there)"
		}
	}
	if err == nil {
		return ""
	}
	slog.Warn("tacho: the folder cannot be read; is it the one that the service has in PROMETHEUS_MULTIPROC_DIR?", "folder", dir, "reason", err)
	if errors.Is(err, fs.ErrNotExist) {
		return "  (there is nothing yet; metrics appear as soon as the service has made it)"
	}
	return "  (it cannot be read; the log has the reason)"
}

// ownLabels tell the exporter's metrics about itself from those of a Go service whose
// metrics it serves.
var ownLabels = map[string]string{"exporter": "tacho_multiproc"}

// meter is a Meter whose registry is the folders'.
func (f *multiprocFlags) meter(readers []*multiproc.Reader) (*tacho.Meter, error) {
	own := prometheus.NewRegistry()
	all := []prometheus.Gatherer{own}
	for _, r := range readers {
		all = append(all, tacho.SharedWith(r))
	}
	return tacho.New(tacho.Options{
		ConstLabels: ownLabels, Registerer: own, Gatherer: multiproc.Join(all...),
		OmitHTTP: true, OmitRuntime: true, Endpoint: tacho.Endpoint{PythonFormat: !f.goFormat}, Logger: slog.Default(),
		Multiproc: tacho.Multiproc{Off: true}, // it reads what services write there
	})
}

func (f *multiprocFlags) readers() (all []*multiproc.Reader, err error) {
	if len(f.dirs) == 0 {
		dir := multiproc.DirFromEnv()
		if dir == "" {
			return nil, errors.New("no --dir: name the folder of PROMETHEUS_MULTIPROC_DIR, as the service has it")
		}
		f.dirs = []string{dir}
	}
	names := map[string]bool{}
	for _, dir := range f.dirs {
		name, folder, named := strings.Cut(dir, "=")
		if !named || strings.ContainsAny(name, `/\`) { // then the = is the folder's
			name, folder, named = "", dir, false
		}
		switch {
		case folder == "":
			return nil, fmt.Errorf("--dir %q names no folder: write --dir FOLDER or --dir NAME=FOLDER", dir)
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("--dir %q: the name is not UTF-8", dir)
		case named && name == "":
			return nil, fmt.Errorf("--dir %s: there is no name before the =: write --dir FOLDER or --dir NAME=FOLDER", dir)
		case names[name]:
			return nil, fmt.Errorf("--dir %s: several folders need a name of their own each: --dir NAME=FOLDER", dir)
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

// compactEvery is how often folders are compacted.
const compactEvery = 10 * time.Second

// compactAll compacts the folders until the context ends.
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

// compactOne compacts a folder. What goes wrong is logged when it begins to, and
// not every ten seconds.
func compactOne(r *multiproc.Reader, last error) error {
	files, err := r.Compact()
	switch {
	case errors.Is(err, multiproc.ErrBusy): // another one compacts, or reads: it is done, or will be
		return last
	case err == nil && files > 0:
		slog.Info("tacho: folded the files of workers that are gone into archives", "folder", r.Dir(), "files", files)
	case err != nil && (last == nil || last.Error() != err.Error()):
		slog.Warn("tacho: the folder is not compacted", "folder", r.Dir(), "reason", err)
	}
	return err
}
