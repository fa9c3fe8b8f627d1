package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/cmd/tacho/internal/statsd"
	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
)

// localFlags are services on this machine that have no endpoint: tacho serve reads what they write or
// send, and scrapes that on a port of the loopback address.
type localFlags struct {
	gunicorn []string
	statsd   []string
}

func (f *localFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.gunicorn, "gunicorn", nil, "`directory` of a service with the configuration of tacho gunicorn, or NAME=DIR; repeatable")
	flags.StringArrayVar(&f.statsd, "statsd", nil, "`address` to receive what Gunicorn sends with --statsd-host, such as 127.0.0.1:8125 or shop=127.0.0.1:8125; repeatable")
}

// A localSource is a service that is shown.
type localSource struct {
	job      string
	instance string
	meter    *tacho.Meter
	listener net.Listener
	note     string                    // for the console
	run      func(ctx context.Context) // beside the endpoint
}

// sources opens everything. On an error, nothing stays open.
func (f *localFlags) sources() (all []localSource, err error) {
	defer func() {
		if err != nil {
			closeSources(all)
			all = nil
		}
	}()
	for _, kind := range []struct {
		args []string
		open func(string) (localSource, error)
	}{{f.gunicorn, gunicornSource}, {f.statsd, statsdSource}} {
		for _, arg := range kind.args {
			s, err := kind.open(arg)
			if err != nil {
				return all, err
			}
			all = append(all, s)
		}
	}
	return all, nil
}

func closeSources(all []localSource) {
	for _, s := range all {
		_ = s.listener.Close()
	}
}

// gunicornSource reads the files of a service's workers, and merges those of exited workers.
func gunicornSource(arg string) (localSource, error) {
	name, dir, named := cutNamedDir(arg)
	if !named {
		name = "gunicorn"
	}
	if name == "" || dir == "" {
		return localSource{}, fmt.Errorf("--gunicorn %q: write it as DIR or NAME=DIR", arg)
	}
	dir = filepath.Clean(dir)
	f := &multiprocFlags{dirs: []string{dir}, limit: seriesOfDirectory, goFormat: true}
	readers, err := f.readers()
	if err != nil {
		return localSource{}, fmt.Errorf("--gunicorn: %w", err)
	}
	m, err := f.meter(readers)
	if err != nil {
		return localSource{}, fmt.Errorf("--gunicorn: %w", err)
	}
	return listening(localSource{job: name, instance: dir, meter: m, note: describeDir(dir), run: func(ctx context.Context) { <-compactAll(ctx, readers) }})
}

// seriesOfDirectory is the default of tacho multiproc --series-limit.
const seriesOfDirectory = 1_000_000

// statsdSource receives datagrams of a service.
func statsdSource(arg string) (localSource, error) {
	name, address, named := strings.Cut(arg, "=")
	if !named {
		name, address = "statsd", arg
	}
	if name == "" || address == "" {
		return localSource{}, fmt.Errorf("--statsd %q: write it as ADDRESS or NAME=ADDRESS", arg)
	}
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return localSource{}, fmt.Errorf("--statsd: %w", err)
	}
	if u, ok := conn.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(4 << 20) // as much as the kernel allows: a burst must not be lost
	}
	l, own := statsd.New(conn), prometheus.NewRegistry()
	own.MustRegister(l)
	m, err := tacho.New(tacho.Options{Registerer: own, OmitHTTP: true, OmitRuntime: true, Multiproc: tacho.Multiproc{Off: true}, Logger: slog.Default()})
	if err != nil {
		_ = conn.Close()
		return localSource{}, fmt.Errorf("--statsd: %w", err)
	}
	return listening(localSource{job: name, instance: conn.LocalAddr().String(), meter: m, run: func(ctx context.Context) {
		if err := l.Serve(ctx, conn); err != nil {
			slog.Error("tacho: the statsd listener has ended", "reason", err)
		}
	}})
}

func listening(s localSource) (localSource, error) {
	var err error
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	return s, err
}

// target returns what tacho serve scrapes.
func (s localSource) target() target.Target {
	return target.Target{Job: s.job, Instance: s.instance, URL: &url.URL{Scheme: "http", Host: s.listener.Addr().String(), Path: s.meter.MetricsPath()}}
}

// serve serves the endpoint until the context ends.
func (s localSource) serve(ctx context.Context) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx)
	}()
	if err := s.meter.Serve(ctx, tacho.ServeOptions{Listener: s.listener}); err != nil && !errors.Is(err, net.ErrClosed) {
		slog.Error("tacho: the metrics of a service on this machine have ended", "job", s.job, "reason", err)
	}
	<-ended
}

// printLocal prints what is read.
func printLocal(out io.Writer, all []localSource) {
	for _, s := range all {
		fmt.Fprintf(out, "  Service  %s: %s%s\n", s.job, s.instance, s.note)
	}
}
