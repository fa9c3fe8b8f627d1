package guard

import (
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Name returns the name of a descriptor's metrics. client_golang does not export it, but prints it.
func Name(d *prometheus.Desc) string { return NameIn(d.String()) }

// Descriptions returns the descriptors of a collector, such as a registry; nil for a value that is
// not a collector.
func Descriptions(of any) (all []*prometheus.Desc) {
	c, ok := of.(prometheus.Collector)
	if !ok {
		return nil
	}
	for d := range describe(c, new(error)) {
		if d != nil {
			all = append(all, d)
		}
	}
	return all
}

// A nameTag is an empty collector that describes one metric.
type nameTag struct{ desc *prometheus.Desc }

// Describe implements prometheus.Collector.
func (n nameTag) Describe(ch chan<- *prometheus.Desc) { ch <- n.desc }

// Collect implements prometheus.Collector.
func (nameTag) Collect(chan<- prometheus.Metric) {}

// Compatible reports whether one registry accepts both metrics.
func Compatible(a, b *prometheus.Desc) bool {
	r := prometheus.NewRegistry()
	return r.Register(nameTag{a}) == nil && r.Register(nameTag{b}) == nil
}

// NameIn returns the name in a printed descriptor, such as in an error message.
func NameIn(message string) string {
	_, rest, _ := strings.Cut(message, `fqName: "`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// describable returns a panic in Describe as an error. The registry would call Describe in a
// goroutine of its own.
func describable(c prometheus.Collector) (err error) {
	for range describe(c, &err) {
	}
	return err
}

// describe returns the descriptors of a collector. A panic is stored as an error before the channel
// is closed.
func describe(c prometheus.Collector, panicked *error) <-chan *prometheus.Desc {
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		defer func() {
			if v := recover(); v != nil {
				*panicked = fmt.Errorf("tacho: the collector %T panicked in Describe: %v", c, v)
			}
		}()
		c.Describe(descs)
	}()
	return descs
}

// nameOf returns a collector's name for error messages: its first metric, including its wrappers,
// or its type.
func nameOf(outer, inner prometheus.Collector) string {
	for _, d := range Descriptions(outer) {
		if name := Name(d); name != "" {
			return `"` + name + `"`
		}
	}
	return fmt.Sprintf("%T", inner)
}
