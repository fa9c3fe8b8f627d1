package target

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/internal/redact"
)

// A Target is one argument, understood.
type Target struct {
	Job string   // the service's name; for files of targets the file's name
	URL *url.URL // where the metrics are; nil for a file

	File string // a file-SD file, or a prometheus.yml if Whole
	// Whole is true for a prometheus.yml: it is the configuration, so no
	// other target can stand beside it.
	Whole bool
}

// String is what the target is called in messages.
func (t Target) String() string {
	if t.URL != nil {
		return t.URL.String()
	}
	return t.File
}

// jobName is what may stand before "=" in NAME=TARGET.
var jobName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// Parse understands one argument:
//
//	:8080, localhost:8080, example.org   then /metrics over http
//	https://example.org/path             as it is; without a path /metrics
//	targets.yml, targets.json            a file of targets (Prometheus's file_sd)
//	prometheus.yml                       the whole configuration
//	shop=:8080                           any of the first two with a name for its job
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
		case err == nil && t.Whole && name != "":
			return Target{}, fmt.Errorf("the target %q: leave %s= out: a prometheus.yml names its jobs itself", arg, name)
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

// looksLikeFile is true for what exists and for what is named like a file of
// targets or like a path, so that a misspelt file is not taken for a host.
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
		return nil, fmt.Errorf("the target %q: unix is not spoken here: use http or https", arg)
	case strings.Contains(arg, ",") && (err != nil || strings.Contains(u.Host, ",")):
		return nil, fmt.Errorf("the target %q is no address: write several one by one, without a comma", shown)
	case err != nil, u.Hostname() == "", strings.HasSuffix(u.Host, ":"), strings.ContainsAny(u.Host, doctor.NoHost):
		return nil, fmt.Errorf("the target %q is no address: write a URL, host:port, :port, or the name of a file", shown)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the target %q: %s is not spoken here: use http or https", shown, u.Scheme)
	case u.User != nil:
		return nil, fmt.Errorf("the target %q has a password in it: put basic_auth into a prometheus.yml instead, where it is not shown", shown)
	case strings.Contains(strings.ToLower(u.RawPath), "%2f"):
		return nil, fmt.Errorf("the target %q: Prometheus cannot scrape a path with %%2F: give the service one without", arg)
	}
	if err := checkPort(u); err != nil {
		return nil, fmt.Errorf("the target %q: %w", arg, err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/metrics"
	}
	u.Fragment, u.RawFragment, u.RawPath, u.ForceQuery = "", "", "", false // which Prometheus does not send
	query, err := parseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the target %q: %w", arg, err)
	}
	u.RawQuery = query.Encode() // what Prometheus sends
	return u, nil
}

// checkPort accepts no port, and one that can be connected to.
func checkPort(u *url.URL) error {
	if _, err := net.LookupPort("tcp", u.Port()); err != nil || u.Port() == "0" {
		return fmt.Errorf("%s is no port", u.Port())
	}
	return nil
}

// parseQuery reads a query as browsers do, with ; in a value. [url.ParseQuery] leaves out
// what it does not understand.
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
		case name == "": // as a parameter Prometheus refuses it
			return nil, fmt.Errorf("%q in its query has no name: write name=value", pair)
		}
		values.Add(name, value)
	}
	return values, nil
}

// parseFile tells a list of targets from a configuration by its shape.
func parseFile(name string) (Target, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return Target{}, fmt.Errorf("the target %q is a folder or a device: name a file", name)
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
			return Target{}, fmt.Errorf("the file %s is no list of targets: %w", name, err)
		}
		abs, err := filepath.Abs(name)
		return Target{Job: base, File: abs}, err
	case yaml.MappingNode:
		return Target{Job: base, File: name, Whole: true}, nil
	default:
		return Target{}, fmt.Errorf("the file %s is neither a list of targets (file_sd) nor a prometheus.yml", name)
	}
}

// checkTargets reads a file as Prometheus's file_sd does, which accepts these names of files
// and nothing but these two keys, and would only log what is wrong.
func checkTargets(name string, text []byte) error {
	switch filepath.Ext(name) {
	case ".yml", ".yaml", ".json":
	default:
		return errors.New("name it with .yml, .yaml or .json at the end, as Prometheus requires")
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
