package proxyfile

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/internal/netacl"
	"github.com/tacho-go/tacho/schema"
)

// A decoder collects everything that is wrong.
type decoder struct {
	file *File
	errs []error
}

// A read reads a value. At is the field that an error of package sidecar names.
type read func(d *decoder, n *yaml.Node, at string)

type field struct {
	name string // in Go
	read read
}

func (d *decoder) wrong(n *yaml.Node, format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf("%s: %s", d.position(n), fmt.Sprintf(format, args...)))
}

func (d *decoder) position(n *yaml.Node) string {
	return fmt.Sprintf("%s:%d:%d", d.file.name, n.Line, n.Column)
}

// mapping reads a mapping with these keys.
func (d *decoder) mapping(n *yaml.Node, at string, fields map[string]field) {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		d.wrong(n, "this must be a mapping of %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolved(n.Content[i+1])
		f, known := fields[key.Value]
		switch {
		case !known:
			d.wrong(key, "there is no setting %q here; there are %s", key.Value, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
			continue
		case seen[key.Value]:
			d.wrong(key, "%s is set twice", key.Value)
			continue
		}
		seen[key.Value] = true
		name := strings.TrimPrefix(at+"."+f.name, ".")
		d.file.positions[name] = d.position(value) + ": " + key.Value
		f.read(d, value, name)
	}
}

// sequence reads a list. A single value stands for a list of one.
func (d *decoder) sequence(n *yaml.Node, read func(i int, item *yaml.Node)) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for i, item := range items {
		read(i, resolved(item))
	}
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// scalar reads a value of a type that YAML has. What describes it for the error.
func scalar[T any](to *T, what string) read {
	return func(d *decoder, n *yaml.Node, _ string) {
		if n.Kind != yaml.ScalarNode || n.Decode(to) != nil {
			d.wrong(n, "this must be %s", what)
		}
	}
}

func not(to *bool) read {
	return func(d *decoder, n *yaml.Node, at string) {
		value := !*to
		scalar(&value, "true or false")(d, n, at)
		*to = !value
	}
}

// text reads a text. A number or a word such as true is a text as well, if it is not quoted.
func text(to *string) read {
	return func(d *decoder, n *yaml.Node, _ string) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			d.wrong(n, "this must be a text")
			return
		}
		*to = n.Value
	}
}

func texts(to *[]string) read {
	return func(d *decoder, n *yaml.Node, at string) {
		*to = []string{}
		d.sequence(n, func(_ int, item *yaml.Node) {
			var one string
			text(&one)(d, item, at)
			*to = append(*to, one)
		})
	}
}

func numbers(to *[]float64) read {
	return func(d *decoder, n *yaml.Node, at string) {
		*to = []float64{}
		d.sequence(n, func(_ int, item *yaml.Node) {
			var one float64
			scalar(&one, "a number")(d, item, at)
			*to = append(*to, one)
		})
	}
}

// duration reads a time such as 30s, 5m or 1h30m, as in prometheus.yml.
func duration(to *time.Duration) read {
	return func(d *decoder, n *yaml.Node, _ string) {
		value, err := model.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			d.wrong(n, "this must be a time with its unit, such as 500ms, 30s or 5m")
			return
		}
		*to = time.Duration(value)
	}
}

func labels(to *map[string]string) read {
	return func(d *decoder, n *yaml.Node, _ string) {
		if n.Kind != yaml.MappingNode || n.Decode(to) != nil {
			d.wrong(n, "this must be a mapping of label names to values")
		}
	}
}

// trusted reads addresses and networks.
func trusted(to *[]netip.Prefix) read {
	return func(d *decoder, n *yaml.Node, _ string) {
		d.sequence(n, func(_ int, item *yaml.Node) {
			p, err := ParsePrefix(item.Value)
			if err != nil {
				d.wrong(item, "%v", err)
				return
			}
			*to = append(*to, p)
		})
	}
}

// ParsePrefix parses an address, or a network such as 10.0.0.0/8.
func ParsePrefix(text string) (netip.Prefix, error) {
	p, err := netacl.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an address or a network such as 10.0.0.0/8", text)
	}
	return p, nil
}

// Schemas are the names of schemas that the proxy can export.
var Schemas = map[string]func() schema.Schema{"default": schema.Default, "flask": schema.Flask, "otel": schema.OTel}

func schemaNamed(to *schema.Schema) read {
	return func(d *decoder, n *yaml.Node, _ string) {
		s, ok := Schemas[n.Value]
		if !ok {
			d.wrong(n, "%q is not a schema: there are %s", n.Value, strings.Join(slices.Sorted(maps.Keys(Schemas)), ", "))
			return
		}
		*to = s()
	}
}

func schemas(to *[]schema.Schema) read {
	return func(d *decoder, n *yaml.Node, at string) {
		d.sequence(n, func(_ int, item *yaml.Node) {
			var one schema.Schema
			schemaNamed(&one)(d, item, at)
			*to = append(*to, one)
		})
	}
}
