package target

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/internal/redact"
)

// A Target is a parsed argument.
type Target struct {
	Job string   // the service's name; for target files, the file name
	URL *url.URL // where the metrics are; nil for a file

	// Instance is the value of the label instance, "" for the host and port.
	Instance string

	File string // a file_sd file, or a prometheus.yml if IsConfig
	// IsConfig is true for a prometheus.yml, which must be the only target.
	IsConfig bool
}

// String returns the target for messages.
func (t Target) String() string {
	if t.URL != nil {
		return t.URL.String()
	}
	return t.File
}

// jobName matches NAME in NAME=TARGET.
var jobName = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// Parse parses one argument:
//
//	:8080, localhost:8080, example.org   then /metrics over http
//	https://example.org/path             as it is; /metrics if it has no path
//	targets.yml, targets.json            a target file (Prometheus's file_sd)
//	prometheus.yml                       the complete configuration
//	shop=:8080                           one of the first two, with a job name
func Parse(arg string) (Target, error) {
	if !utf8.ValidString(arg) {
		return Target{}, fmt.Errorf("the target %q is not UTF-8", redact.URL(arg))
	}
	name, rest, named := strings.Cut(arg, "=")
	if !named || !jobName.MatchString(name) {
		name, rest = "", arg
	}
	if looksLikeFile(rest) {
		t, err := parseFile(rest)
		switch {
		case err == nil && t.IsConfig && name != "":
			return Target{}, fmt.Errorf("the target %q: remove %s=: a prometheus.yml names its own jobs", arg, name)
		case name != "":
			t.Job = name
		}
		return t, err
	}
	u, err := parseURL(rest)
	if err != nil {
		return Target{}, err
	}
	if name == "" {
		name = u.Host
	}
	return Target{Job: name, URL: u}, nil
}

// looksLikeFile reports whether an argument is an existing file, or looks like a path or
// a target file, so that a misspelled file name is not mistaken for a host.
func looksLikeFile(arg string) bool {
	for _, begin := range []string{"/", "./", "../"} {
		if strings.HasPrefix(arg, begin) {
			return true
		}
	}
	switch filepath.Ext(arg) {
	case ".yml", ".yaml", ".json":
		return !strings.Contains(arg, "://")
	}
	info, err := os.Stat(arg)
	return err == nil && info.Mode().IsRegular()
}

func parseURL(arg string) (*url.URL, error) {
	full := arg
	if !strings.Contains(arg, "://") {
		full = "http://" + arg
	}
	if strings.HasPrefix(arg, ":") {
		full = "http://localhost" + arg
	}
	u, err := url.Parse(full)
	shown := redact.URL(arg)
	switch {
	case strings.HasPrefix(arg, "unix:"):
		return nil, fmt.Errorf("the target %q: unix is not supported: use http or https", arg)
	case strings.Contains(arg, ",") && (err != nil || strings.Contains(u.Host, ",")):
		return nil, fmt.Errorf("the target %q is not an address: separate several targets with spaces, not commas", shown)
	case err != nil, u.Hostname() == "", strings.HasSuffix(u.Host, ":"), strings.ContainsAny(u.Host, doctor.NoHost):
		return nil, fmt.Errorf("the target %q is not an address: write a URL, host:port, :port, or a file name", shown)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the target %q: %s is not supported: use http or https", shown, u.Scheme)
	case u.User != nil:
		return nil, fmt.Errorf("the target %q contains a password: use basic_auth in a prometheus.yml, where it is hidden", shown)
	case strings.Contains(strings.ToLower(u.RawPath), "%2f"):
		return nil, fmt.Errorf("the target %q: Prometheus cannot scrape a path with %%2F: change the path", arg)
	}
	if err := checkPort(u); err != nil {
		return nil, fmt.Errorf("the target %q: %w", arg, err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/metrics"
	}
	u.Fragment, u.RawFragment, u.RawPath, u.ForceQuery = "", "", "", false // never sent by Prometheus
	query, err := parseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the target %q: %w", arg, err)
	}
	u.RawQuery = query.Encode() // as sent by Prometheus
	return u, nil
}

// checkPort accepts an empty port and valid ports.
func checkPort(u *url.URL) error {
	if _, err := net.LookupPort("tcp", u.Port()); err != nil || u.Port() == "0" {
		return fmt.Errorf("%s is not a valid port", u.Port())
	}
	return nil
}

// parseQuery parses a query as browsers do: values may contain a semicolon.
// [url.ParseQuery] drops pairs that it cannot parse.
func parseQuery(text string) (url.Values, error) {
	values := url.Values{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q in its query: %w; write %%25 for a percent sign", pair, err)
		case name == "": // Prometheus rejects such parameters
			return nil, fmt.Errorf("%q in its query has no name: write name=value", pair)
		}
		values.Add(name, value)
	}
	return values, nil
}

// parseFile distinguishes target files and configurations by their structure.
func parseFile(name string) (Target, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return Target{}, fmt.Errorf("the target %q is a directory or a device: name a file", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return Target{}, fmt.Errorf("the target %q looks like a file: %w", name, err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Target{}, fmt.Errorf("the file %s is neither YAML nor JSON: %w", name, err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
		return Target{}, fmt.Errorf("the file %s is empty: it must be a list of targets or a prometheus.yml", name)
	}
	base := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	switch root.Content[0].Kind {
	case yaml.SequenceNode:
		if err := checkTargets(name, text); err != nil {
			return Target{}, fmt.Errorf("the file %s is not a list of targets: %w", name, err)
		}
		abs, err := filepath.Abs(name)
		return Target{Job: base, File: abs}, err
	case yaml.MappingNode:
		return Target{Job: base, File: name, IsConfig: true}, nil
	default:
		return Target{}, fmt.Errorf("the file %s is neither a list of targets (file_sd) nor a prometheus.yml", name)
	}
}

// checkTargets validates a file as Prometheus's file_sd does, which accepts only these file
// name extensions and keys, and only logs errors.
func checkTargets(name string, text []byte) error {
	switch filepath.Ext(name) {
	case ".yml", ".yaml", ".json":
	default:
		return errors.New("rename it to end with .yml, .yaml or .json, as Prometheus requires")
	}
	var groups []struct {
		Targets []string          `yaml:"targets"`
		Labels  map[string]string `yaml:"labels"`
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&groups); err != nil {
		return fmt.Errorf("an entry looks like {targets: ['host:port'], labels: {name: value}}: %w", err)
	}
	return nil
}
