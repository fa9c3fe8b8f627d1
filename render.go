package tacho

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Render returns what the metrics endpoint would answer to a scraper with this
// Accept header, for endpoints that are not net/http handlers, and its content
// type. An empty Accept stands for the text format. Names leaves out all but
// those samples or families, as name[] does; none leaves nothing out.
//
// It waits for other collectors until the context ends or Options.ScrapeTimeout
// is over. What could not be gathered is left out and counted, as it is in a
// scrape; the error is that of the context.
func (m *Meter) Render(ctx context.Context, accept string, names ...string) (body []byte, contentType string, err error) {
	e := newEndpoint(m)
	ctx, cancel := context.WithTimeout(ctx, m.opts.ScrapeTimeout)
	defer cancel()
	format := negotiate(http.Header{"Accept": {accept}})
	var b bytes.Buffer
	err = e.render(ctx, &b, format, names)
	return b.Bytes(), string(format), err
}

// A chosen is a set of names of samples and families.
type chosen map[string]bool

// chosenNames are those that a scrape asks for by name[], nil for all.
func chosenNames(r *http.Request) []string {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()["name[]"]
}

func newChosen(names []string) chosen {
	c := chosen{}
	for _, n := range names {
		c[n] = true
	}
	return c
}

// family reports whether the whole family is asked for. OpenMetrics calls a
// counter's family by its name without _total.
func (c chosen) family(name string) bool {
	return c[name] || c[name+"_total"] || c[strings.TrimSuffix(name, "_total")]
}

// families leaves the families of which something is asked for: protocol
// buffers cannot hold a part of one.
func (c chosen) families(all []*dto.MetricFamily) []*dto.MetricFamily {
	return slices.DeleteFunc(slices.Clone(all), func(f *dto.MetricFamily) bool {
		for _, suffix := range []string{"_bucket", "_count", "_sum", "_created"} {
			if c[f.GetName()+suffix] {
				return false
			}
		}
		return !c.family(f.GetName())
	})
}

// choosing passes on the lines of a text format that are asked for.
type choosing struct {
	chosen chosen
	to     io.Writer
	rest   []byte // a line that is not complete yet
	header []byte // of the present family, until one of its samples is wanted
	whole  bool   // the present family is wanted, with all its samples
}

// Write implements io.Writer.
func (c *choosing) Write(p []byte) (int, error) {
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
	if _, err := c.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *choosing) line(out, line []byte) []byte {
	text, isHeader := bytes.CutPrefix(line, []byte("# "))
	switch {
	case bytes.Equal(line, []byte("# EOF\n")):
		return append(out, line...)
	case isHeader:
		keyword, rest, _ := bytes.Cut(text, []byte(" "))
		if string(keyword) == "HELP" {
			c.header = c.header[:0]
			c.whole = c.chosen.family(nameIn(rest))
		}
		if c.whole {
			return append(out, line...)
		}
		c.header = append(c.header, line...)
		return out
	}
	if !c.whole && !c.chosen[nameIn(line)] {
		return out
	}
	out = append(append(out, c.header...), line...)
	c.header = c.header[:0]
	return out
}

// nameIn is the name at the beginning of a sample, or of a header's rest: as it
// is, or in quotes where it needs them (my.metric).
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

// isText reports whether a format is made of lines.
func isText(format expfmt.Format) bool {
	switch format.FormatType() {
	case expfmt.TypeTextPlain, expfmt.TypeOpenMetrics:
		return true
	}
	return false
}
