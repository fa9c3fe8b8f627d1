// Package compose writes a Compose file for a service with tacho beside it, and on request with Prometheus,
// Grafana and Alertmanager, provisioned with the generated files.
//
//	files, err := compose.Files(compose.Options{Name: "shop", With: []string{"grafana"}, Dashboards: dashboards})
package compose

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/gen/output"
)

// Options describe the service and what runs beside it.
type Options struct {
	// Name is the name of the service, and its job. The default is "app".
	Name string
	// Kind is "go", which is the default, or "flask": Gunicorn with workers that share a folder of metrics.
	Kind string
	// With are the further programs: prometheus, grafana and alertmanager. The default is none.
	With []string
	// Interval is the time between scrapes. The default is 15 seconds.
	Interval time.Duration
	// ServeFlags are further flags of tacho serve, such as limits. The default is none.
	ServeFlags []string
	// Rules is the file of rules for Prometheus.
	Rules []byte
	// Dashboards are for Grafana.
	Dashboards []output.File
}

// Kinds are the kinds of services.
var Kinds = []string{"go", "flask"}

// Programs are what can run beside the service.
var Programs = []string{"prometheus", "grafana", "alertmanager"}

// ErrName is returned for a name that is no name of a service and a host.
var ErrName = errors.New("write a name of lower-case letters, digits and dashes")

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)

func (o Options) filled() Options {
	if o.Name == "" {
		o.Name = "app"
	}
	if o.Kind == "" {
		o.Kind = Kinds[0]
	}
	o.Interval = cmp.Or(o.Interval, 15*time.Second)
	return o
}

func (o Options) check() error {
	if !serviceName.MatchString(o.Name) || slices.Contains(append([]string{"tacho"}, Programs...), o.Name) {
		return fmt.Errorf("name %q: %w, other than tacho, %s", o.Name, ErrName, strings.Join(Programs, ", "))
	}
	if !slices.Contains(Kinds, o.Kind) {
		return fmt.Errorf("kind %q: there are %s", o.Kind, strings.Join(Kinds, ", "))
	}
	for _, p := range o.With {
		if !slices.Contains(Programs, p) {
			return fmt.Errorf("program %q: there are %s", p, strings.Join(Programs, ", "))
		}
	}
	return nil
}

func (o Options) with(program string) bool { return slices.Contains(o.With, program) }

func (o Options) interval() string { return model.Duration(o.Interval).String() }

// metrics is where the service's metrics are, as seen by the other containers.
func (o Options) metrics() string {
	if o.Kind == "flask" {
		return o.Name + "-metrics:9200"
	}
	return o.Name + ":8080"
}

// Files returns compose.yml and the files that its containers read.
func Files(o Options) ([]output.File, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return nil, err
	}
	file := project{Services: map[string]service{}}
	for _, part := range parts {
		if part.wanted(o) {
			part.add(o, &file)
		}
	}
	text, err := encode(file)
	if err != nil {
		return nil, err
	}
	all := []output.File{{Name: "compose.yml", Content: text}}
	for _, part := range parts {
		if part.wanted(o) && part.files != nil {
			files, err := part.files(o)
			if err != nil {
				return nil, err
			}
			all = append(all, files...)
		}
	}
	return all, nil
}

// A project is a Compose file.
type project struct {
	Services map[string]service   `yaml:"services"`
	Volumes  map[string]*struct{} `yaml:"volumes,omitempty"`
}

// A service is one container.
type service struct {
	Build       string            `yaml:"build,omitempty"`
	Image       string            `yaml:"image,omitempty"`
	Command     []string          `yaml:"command,omitempty"`
	Environment map[string]string `yaml:"environment,omitempty"`
	PID         string            `yaml:"pid,omitempty"`
	Ports       []string          `yaml:"ports,omitempty"`
	Volumes     []string          `yaml:"volumes,omitempty"`
	DependsOn   []string          `yaml:"depends_on,omitempty"`
	Restart     string            `yaml:"restart,omitempty"`
}

func (p *project) add(name string, s service) {
	s.Restart = "unless-stopped"
	p.Services[name] = s
	for _, v := range s.Volumes {
		if from, _, _ := strings.Cut(v, ":"); path.Base(from) == from { // a volume, not a path
			if p.Volumes == nil {
				p.Volumes = map[string]*struct{}{}
			}
			p.Volumes[from] = nil
		}
	}
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(v)
	return b.Bytes(), err
}
