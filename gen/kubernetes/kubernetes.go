// Package kubernetes writes objects of the Prometheus Operator that scrape a service, alert on it and
// probe it.
//
//	file, err := kubernetes.Objects(kubernetes.Options{Name: "shop", Rules: groups})
//
// One file has all objects: a ServiceMonitor, or a PodMonitor for a service without a Service, a
// PrometheusRule, and a Probe if there is a prober.
package kubernetes

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

// Options describe the service.
type Options struct {
	// Name is the name of the objects, and the job. It is required.
	Name string
	// Namespace is where the objects and the service are. The default is "default".
	Namespace string
	// Selector are the labels of the Service, or of the pods with Pods. The default is app.kubernetes.io/name
	// with the Name.
	Selector map[string]string
	// Labels are further labels of the objects, which some Prometheus objects select by, such as release.
	Labels map[string]string
	// Port is the name of the port of the metrics. The default is "http".
	Port string
	// Path is where the metrics are. The default is /metrics.
	Path string
	// Interval is the time between scrapes. The default is 15 seconds.
	Interval time.Duration
	// Pods scrapes the pods themselves, for a service without a Service.
	Pods bool

	// Prober is the address of a blackbox exporter, and Probed are the URLs that it probes. The default is
	// no Probe.
	Prober string
	Probed []string

	// Rules are the groups of rules. The default is no PrometheusRule.
	Rules []rulefmt.RuleGroup
}

// Errors of Objects.
var (
	// ErrName is returned for a name that Kubernetes rejects.
	ErrName = errors.New("a name of Kubernetes has at most 63 lower-case letters, digits and dashes, and begins and ends with a letter or digit")
	// ErrPort is returned for a port without a name.
	ErrPort = errors.New("write the port's name in the Service or pod, such as http: at most 15 lower-case letters, digits and dashes")
	// ErrPath is returned for a path that is none.
	ErrPath = errors.New("write a path that begins with a slash, such as /metrics")
	// ErrLabel is returned for a label that Kubernetes rejects.
	ErrLabel = errors.New("a label of Kubernetes has at most 63 letters, digits, dashes, dots and underscores on both sides of the equals sign, and its name may have a domain with a slash before it")
	// ErrProbed is returned for a URL to probe that is none.
	ErrProbed = errors.New("write a URL such as https://shop.example/")
	// ErrProbe is returned for one of Prober and Probed alone.
	ErrProbe = errors.New("a Probe needs both the address of a prober and URLs to probe")
)

var (
	objectName = atFirstUse(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	portName   = atFirstUse(`^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$`)
	labelName  = atFirstUse(`^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	labelValue = atFirstUse(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)
)

// atFirstUse compiles an expression when it is first used: compiled, these take more memory than all
// other variables of the package.
func atFirstUse(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

func (o Options) filled() Options {
	o.Namespace = cmp.Or(o.Namespace, "default")
	o.Port = cmp.Or(o.Port, "http")
	o.Path = cmp.Or(o.Path, "/metrics")
	o.Interval = cmp.Or(o.Interval, 15*time.Second)
	if len(o.Selector) == 0 {
		o.Selector = map[string]string{nameLabel: o.Name}
	}
	return o
}

// nameLabel is Kubernetes's recommended label for the name of an application.
const nameLabel = "app.kubernetes.io/name"

func (o Options) check() error {
	switch {
	case !objectName().MatchString(o.Name):
		return fmt.Errorf("name %q: %w", o.Name, ErrName)
	case !objectName().MatchString(o.Namespace):
		return fmt.Errorf("namespace %q: %w", o.Namespace, ErrName)
	case !portName().MatchString(o.Port):
		return fmt.Errorf("port %q: %w", o.Port, ErrPort)
	case !strings.HasPrefix(o.Path, "/"):
		return fmt.Errorf("path %q: %w", o.Path, ErrPath)
	case (o.Prober == "") != (len(o.Probed) == 0):
		return ErrProbe
	}
	for _, labels := range []map[string]string{o.Selector, o.Labels} {
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			if !labelName().MatchString(name) || !labelValue().MatchString(labels[name]) {
				return fmt.Errorf("label %q: %w", name+"="+labels[name], ErrLabel)
			}
		}
	}
	for _, probed := range o.Probed {
		if u, err := url.Parse(probed); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("probe %q: %w", probed, ErrProbed)
		}
	}
	return nil
}

// Objects returns the objects as one YAML file.
func Objects(o Options) ([]byte, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return nil, err
	}
	var file bytes.Buffer
	out := yaml.NewEncoder(&file)
	out.SetIndent(2)
	for _, kind := range kinds {
		if v := kind(o); v != nil {
			if err := out.Encode(v); err != nil {
				return nil, fmt.Errorf("write objects: %w", err)
			}
		}
	}
	return file.Bytes(), nil
}

// kinds are all objects, in output order. One that is not wanted is nil.
var kinds = []func(Options) *object{serviceMonitor, podMonitor, prometheusRule, probe}

// An object is one of the operator's.
type object struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       any      `yaml:"spec"`
}

type metadata struct {
	Name      string            `yaml:"name"`
	Namespace string            `yaml:"namespace"`
	Labels    map[string]string `yaml:"labels"`
}

func (o Options) object(kind string, spec any) *object {
	labels := map[string]string{nameLabel: o.Name}
	for k, v := range o.Labels {
		labels[k] = v
	}
	return &object{"monitoring.coreos.com/v1", kind, metadata{o.Name, o.Namespace, labels}, spec}
}

func duration(d time.Duration) string { return model.Duration(d).String() }
