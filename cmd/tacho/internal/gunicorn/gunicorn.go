// Package gunicorn writes the configuration of Gunicorn that measures a service without a change to
// it. Its Python code writes files that package multiproc reads. Command tacho uses it.
package gunicorn

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

//go:embed gunicorn.conf.py
var configuration string

// Options configures the configuration.
type Options struct {
	Dir     string // that the workers write to
	Include string // the service's own configuration, "" for none
	Flags   string // of the command that writes it, for its comment
}

// Configuration returns the configuration: a Python file.
func Configuration(o Options) string {
	s := schema.Default()
	include := "None"
	if o.Include != "" {
		include = quote(o.Include)
	}
	var bounds []string
	for _, b := range tacho.DefaultBuckets() {
		bounds = append(bounds, strconv.FormatFloat(b, 'g', -1, 64))
	}
	return strings.NewReplacer(
		"{{flags}}", comment(o.Flags), "{{dir}}", comment(o.Dir), "{{quoted}}", quote(o.Dir), "{{include}}", include,
		"{{bounds}}", fmt.Sprintf("[%s]", strings.Join(bounds, ", ")),
		"{{requests_help}}", quote(s.Requests.Help), "{{duration_help}}", quote(s.Duration.Help),
		"{{panics_help}}", quote(s.Panics.Help), "{{in_flight_help}}", quote(s.InFlight.Help),
	).Replace(configuration)
}

// quote writes a text as a Python string. JSON's strings are Python's.
func quote(text string) string {
	quoted, _ := json.Marshal(text) // a string always has a form
	return string(quoted)
}

// comment makes a text harmless within a Python docstring.
func comment(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ").Replace(text)
}
