package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/server"
)

// engineFlags name an existing engine that has the samples.
type engineFlags struct {
	url, httpConfig string
	headers         []string
}

func (f *engineFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "query-url", "", "`URL` of an existing Prometheus, Thanos, Mimir, Cortex or VictoriaMetrics: the page, the API and the rules query it instead of the data directory")
	flags.StringArrayVar(&f.headers, "query-header", nil, "`header` of every request to --query-url, such as 'X-Scope-OrgID: shop'; repeatable")
	flags.StringVar(&f.httpConfig, "query-http-config", "", "`file` with users, tokens, TLS and proxies for --query-url: Prometheus's HTTP client configuration")
}

// isSet reports whether there is an engine.
func (f *engineFlags) isSet() bool { return f.url != "" }

// options returns the engine, or an error for the first invalid flag.
func (f *engineFlags) options() (server.Engine, error) {
	if !f.isSet() {
		if len(f.headers) > 0 || f.httpConfig != "" {
			return server.Engine{}, fmt.Errorf("--query-header and --query-http-config are for --query-url: set that, too")
		}
		return server.Engine{}, nil
	}
	if _, err := relay.ParseURL(f.url); err != nil {
		return server.Engine{}, fmt.Errorf("--query-url %w", err)
	}
	header, err := parseHeaders("query-header", f.headers)
	return server.Engine{URL: f.url, Header: header, HTTPConfigFile: f.httpConfig}, err
}

// sends reports whether a prometheus.yml has receivers: the results of recording rules then reach the
// engine. A file that cannot be read is reported by the server.
func sends(file string) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	var c struct {
		RemoteWrite []any `yaml:"remote_write"`
	}
	return yaml.Unmarshal(text, &c) == nil && len(c.RemoteWrite) > 0
}

// printEngine says where the answers come from, and which rules are evaluated.
func (f *serveFlags) printEngine(w io.Writer, file string) {
	if !f.engine.isSet() {
		return
	}
	fmt.Fprintf(w, "  Engine   %s\n", redact.URL(f.engine.url))
	switch {
	case f.noRules:
		fmt.Fprintln(w, "  Rules    off: alerts are those of the engine")
	case !f.records(file):
		fmt.Fprintln(w, "  Rules    alerts only: without --remote-write, recorded series would not reach the engine.\n           If nothing else records them there, the page has no rates: add --remote-write URL.")
	}
}

// records reports whether the recording rules are evaluated: with an engine, only if their results are
// sent somewhere.
func (f *serveFlags) records(file string) bool {
	return !f.engine.isSet() || len(f.remoteWrite) > 0 || sends(file)
}
