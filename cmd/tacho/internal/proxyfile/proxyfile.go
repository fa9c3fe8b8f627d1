// Package proxyfile reads the configuration file of tacho proxy. It reports everything that is
// wrong in a file at once, with line and column.
package proxyfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/cmd/tacho/internal/routefile"
	"github.com/tacho-go/tacho/sidecar"
)

// A File is the content of a configuration file.
type File struct {
	Listen        string // address for the service's clients
	AdminListen   string // address for metrics and readiness
	State         string // file of what was learned
	ProxyProtocol bool   // clients send the PROXY protocol's header
	Options       sidecar.Options

	name      string
	positions map[string]string // of the values, by the field that an error of package sidecar names
}

// Read reads a file. Paths in it are relative to its folder. The error has a line for everything
// that is wrong.
func Read(name string) (*File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text)
}

// Parse reads the text of a file. Its name is for messages and relative paths.
func Parse(name string, text []byte) (*File, error) {
	f := &File{name: name, positions: map[string]string{}}
	f.Options.Meter.OmitRuntime = true // it would be mistaken for the service's
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	d := &decoder{file: f}
	if len(document.Content) > 0 {
		d.mapping(document.Content[0], "", f.fields(d))
	}
	return f, errors.Join(d.errs...)
}

// Check checks the values as sidecar.New does, without serving.
func (f *File) Check() error {
	_, err := sidecar.New(f.Options)
	return f.Locate(err)
}

// Locate replaces the names of fields in an error of package sidecar or tacho by the position of
// their value in the file.
func (f *File) Locate(err error) error {
	if err == nil {
		return nil
	}
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		all = append(all, errors.New(f.locate(line)))
	}
	return errors.Join(all...)
}

func (f *File) locate(line string) string {
	for _, prefix := range []string{"sidecar: Options.", "tacho: Options."} {
		rest, ok := strings.CutPrefix(line, prefix)
		if !ok {
			continue
		}
		field, message, _ := strings.Cut(rest, ": ")
		if prefix == "tacho: Options." {
			field = "Meter." + field
		}
		return f.position(field) + message
	}
	return f.name + ": " + line
}

// position returns the position of a field's value, or of the closest one around it.
func (f *File) position(field string) string {
	for at := field; at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if p, ok := f.positions[at]; ok {
			return p + ": "
		}
	}
	return f.name + ": " + field + ": "
}

func (f *File) fields(d *decoder) map[string]field {
	o := &f.Options
	return map[string]field{
		"listen":           {"Listen", text(&f.Listen)},
		"admin-listen":     {"AdminListen", text(&f.AdminListen)},
		"state":            {"State", f.path(&f.State)},
		"proxy-protocol":   {"ProxyProtocol", scalar(&f.ProxyProtocol, "true or false")},
		"upstreams":        {"Upstreams", f.upstreams},
		"routes":           {"Routes", f.routes},
		"routes-file":      {"Routes", f.routesFile},
		"learn":            {"Learn", scalar(&o.Learn, "true or false")},
		"learn-templates":  {"LearnerLimits", scalar(&o.LearnerLimits.Templates, "a number")},
		"learn-children":   {"LearnerLimits", scalar(&o.LearnerLimits.Children, "a number")},
		"trusted":          {"Trusted", trusted(&o.Trusted)},
		"max-concurrent":   {"MaxConcurrent", scalar(&o.MaxConcurrent, "a number")},
		"max-queue":        {"MaxQueue", duration(&o.MaxQueue)},
		"connect-timeout":  {"ConnectTimeout", duration(&o.ConnectTimeout)},
		"response-timeout": {"ResponseTimeout", duration(&o.ResponseTimeout)},
		"client-timeout":   {"ClientTimeout", duration(&o.ClientTimeout)},
		"header-timeout":   {"HeaderTimeout", duration(&o.HeaderTimeout)},
		"idle-timeout":     {"IdleTimeout", duration(&o.IdleTimeout)},
		"keep-alive":       {"KeepAlive", duration(&o.KeepAlive)},
		"drain-timeout":    {"DrainTimeout", duration(&o.DrainTimeout)},
		"max-header-bytes": {"MaxHeaderBytes", scalar(&o.MaxHeaderBytes, "a number of bytes")},
		"max-body-bytes":   {"MaxBodyBytes", scalar(&o.MaxBodyBytes, "a number of bytes")},
		"tls-cert":         {"Certificate", f.path(&o.Certificate)},
		"tls-key":          {"Key", f.path(&o.Key)},
		"metrics":          {"Meter", func(d *decoder, n *yaml.Node, at string) { d.mapping(n, at, meterFields(&o.Meter)) }},
	}
}

// upstreams reads the list of upstreams.
func (f *File) upstreams(d *decoder, n *yaml.Node, at string) {
	d.sequence(n, func(i int, item *yaml.Node) {
		f.Options.Upstreams = append(f.Options.Upstreams, sidecar.Upstream{})
		u := &f.Options.Upstreams[i]
		d.mapping(item, fmt.Sprintf("%s[%d]", at, i), map[string]field{
			"name":            {"Name", text(&u.Name)},
			"url":             {"URL", text(&u.URL)},
			"host":            {"Host", text(&u.Host)},
			"path":            {"Path", text(&u.Path)},
			"health-path":     {"HealthPath", text(&u.HealthPath)},
			"health-interval": {"HealthInterval", duration(&u.HealthInterval)},
		})
	})
}

// routes reads the list of routes, each as a line of a printed list.
func (f *File) routes(d *decoder, n *yaml.Node, _ string) {
	d.sequence(n, func(_ int, item *yaml.Node) {
		list, err := routefile.Parse([]byte(item.Value))
		if err != nil || len(list) != 1 {
			d.wrong(item, "%q is not a route: write it as /users/{id} or GET /users/{id}", item.Value)
			return
		}
		f.Options.Routes = append(f.Options.Routes, list...)
	})
}

// routesFile reads the routes of a file.
func (f *File) routesFile(d *decoder, n *yaml.Node, at string) {
	var name string
	f.path(&name)(d, n, at)
	list, err := routefile.Read(name)
	if err != nil {
		d.wrong(n, "%v", err)
	}
	f.Options.Routes = append(f.Options.Routes, list...)
}

// path reads the name of a file, relative to the folder of the configuration.
func (f *File) path(to *string) read {
	return func(d *decoder, n *yaml.Node, at string) {
		text(to)(d, n, at)
		if *to != "" && !filepath.IsAbs(*to) {
			*to = filepath.Join(filepath.Dir(f.name), *to)
		}
	}
}

// Keys returns the keys of the file's top level.
func Keys() []string {
	var keys []string
	for key := range new(File).fields(nil) {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// meterFields are the library's options.
func meterFields(o *tacho.Options) map[string]field {
	return map[string]field{
		"schema":            {"Schema", schemaNamed(&o.Schema)},
		"also-schemas":      {"AlsoSchemas", schemas(&o.AlsoSchemas)},
		"namespace":         {"Namespace", text(&o.Namespace)},
		"const-labels":      {"ConstLabels", labels(&o.ConstLabels)},
		"series-limit":      {"SeriesLimit", scalar(&o.SeriesLimit, "a number")},
		"methods":           {"Methods", texts(&o.Methods)},
		"minimal":           {"Minimal", scalar(&o.Minimal, "true or false")},
		"native-histograms": {"NativeHistograms", scalar(&o.NativeHistograms, "true or false")},
		"runtime":           {"OmitRuntime", not(&o.OmitRuntime)},
		"status-class":      {"Status.Class", scalar(&o.Status.Class, "true or false")},
		"status-text":       {"Status.Text", scalar(&o.Status.Text, "true or false")},
		"latency-buckets":   {"Buckets.Latency", numbers(&o.Buckets.Latency)},
		"size-buckets":      {"Buckets.Size", numbers(&o.Buckets.Size)},
		"stream-buckets":    {"Buckets.Stream", numbers(&o.Buckets.Stream)},
		"exclude-paths":     {"Exclude.Paths", texts(&o.Exclude.Paths)},
		"exclude-patterns":  {"Exclude.Patterns", texts(&o.Exclude.Patterns)},
	}
}
