package expo

import (
	"bytes"
	"io"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// A Chosen is a set of names of samples and families.
type Chosen map[string]bool

// NewChosen returns the set of these names.
func NewChosen(names []string) Chosen {
	c := Chosen{}
	for _, n := range names {
		c[n] = true
	}
	return c
}

// family reports whether the entire family is chosen. OpenMetrics names a counter's family without
// _total.
func (c Chosen) family(name string) bool {
	return c[name] || c[name+"_total"] || c[strings.TrimSuffix(name, "_total")]
}

// Families returns the families with anything chosen: protocol buffers cannot contain parts of one.
func (c Chosen) Families(all []*dto.MetricFamily) []*dto.MetricFamily {
	return slices.DeleteFunc(slices.Clone(all), func(f *dto.MetricFamily) bool {
		for _, suffix := range []string{"_bucket", "_count", "_sum", "_created"} {
			if c[f.GetName()+suffix] {
				return false
			}
		}
		return !c.family(f.GetName())
	})
}

// A Filter passes on the chosen lines of a text format.
type Filter struct {
	Chosen Chosen
	To     io.Writer
	rest   []byte // an incomplete line
	header []byte // of the present family, until one of its samples is chosen
	entire bool   // all samples of the present family are chosen
}

// Write implements io.Writer.
func (c *Filter) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	var out []byte
	for {
		end := bytes.IndexByte(c.rest, '\n')
		if end < 0 {
			break
		}
		out = c.line(out, c.rest[:end+1])
		c.rest = c.rest[end+1:]
	}
	if _, err := c.To.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *Filter) line(out, line []byte) []byte {
	text, isHeader := bytes.CutPrefix(line, []byte("# "))
	switch {
	case bytes.Equal(line, []byte("# EOF\n")):
		return append(out, line...)
	case isHeader:
		keyword, rest, _ := bytes.Cut(text, []byte(" "))
		if string(keyword) == "HELP" {
			c.header = c.header[:0]
			c.entire = c.Chosen.family(nameIn(rest))
		}
		if c.entire {
			return append(out, line...)
		}
		c.header = append(c.header, line...)
		return out
	}
	if !c.entire && !c.Chosen[nameIn(line)] {
		return out
	}
	out = append(append(out, c.header...), line...)
	c.header = c.header[:0]
	return out
}

// nameIn returns the name at the beginning of a sample, or after the keyword of a header:
// unchanged, or in quotes if required (my.metric).
func nameIn(line []byte) string {
	line = bytes.TrimPrefix(line, []byte("{"))
	if quoted, ok := bytes.CutPrefix(line, []byte(`"`)); ok {
		name, _, _ := bytes.Cut(quoted, []byte(`"`))
		return string(name)
	}
	if end := bytes.IndexAny(line, "{ \n"); end >= 0 {
		line = line[:end]
	}
	return string(line)
}
