package doctor

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// parseExposition parses a body with Prometheus's own parser. After an error, the
// exposition has the samples before it; Prometheus would discard everything.
func parseExposition(body []byte, contentType string) *exposition {
	x := &exposition{format: formatName(contentType), byName: map[string]*family{}}
	parser, err := newParser(body, contentType)
	x.typeError = err
	r := reader{x: x, seen: map[uint64]bool{}}
	if err := r.readAll(parser); err != nil {
		x.parseError = locate(body, contentType, err)
	}
	x.settle()
	return x
}

// newParser always returns a parser. An error means that Prometheus rejects the
// Content-Type.
func newParser(body []byte, contentType string) (textparse.Parser, error) {
	return textparse.New(body, contentType, labels.NewSymbolTable(), textparse.ParserOptions{
		KeepClassicOnClassicAndNativeHistograms: true,
		FallbackContentType:                     "text/plain",
	})
}

func formatName(contentType string) string {
	media, params, _ := mime.ParseMediaType(contentType)
	names := map[string]string{
		"application/openmetrics-text":    "OpenMetrics",
		"application/vnd.google.protobuf": "protobuf",
		"text/plain":                      "text",
	}
	name, known := names[media]
	switch {
	case !known:
		return "text (no Content-Type)"
	case params["version"] != "":
		return name + " " + params["version"]
	}
	return name
}

// A reader fills an exposition from a parser.
type reader struct {
	x    *exposition
	seen map[uint64]bool
}

// readAll recovers from panics of the parser: input from the network must not crash the
// program.
func (r *reader) readAll(p textparse.Parser) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the parser failed: %v", v)
		}
	}()
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.take(p, entry); err != nil {
			return err
		}
	}
}

func (r *reader) take(p textparse.Parser, entry textparse.Entry) error {
	switch entry {
	case textparse.EntryType:
		name, kind := p.Type()
		f := r.declared(string(name), func(f *family) bool { return f.types > 0 })
		f.kind = kind
		f.types++
	case textparse.EntryHelp:
		name, help := p.Help()
		f := r.declared(string(name), func(f *family) bool { return f.helps > 0 })
		f.help, f.hasHelp = string(help), true
		f.helps++
	case textparse.EntrySeries:
		_, stamp, value := p.Series()
		return r.sample(p, sample{value: value}, stamp)
	case textparse.EntryHistogram:
		_, stamp, whole, float := p.Histogram()
		if whole != nil {
			float = whole.ToFloat(nil)
		}
		s := sample{native: float != nil, spread: float}
		if s.native {
			s.value = float.Count
		}
		return r.sample(p, s, stamp)
	}
	return nil
}

func (r *reader) sample(p textparse.Parser, s sample, stamp *int64) error {
	p.Labels(&s.labels)
	s.name = s.labels.Get(model.MetricNameLabel)
	if s.name == "" {
		return errors.New("a sample has no metric name")
	}
	if alternates, is := s.labels.HasDuplicateLabelNames(); is {
		return fmt.Errorf("duplicate label name %q in %s", alternates, seriesText(s.labels))
	}
	f := r.familyOf(s.name)
	f.samples = append(f.samples, s)
	if stamp != nil {
		r.x.stamped++
		r.x.timestamps = appendFew(r.x.timestamps, seriesText(s.labels))
	}
	var e exemplar.Exemplar
	for p.Exemplar(&e) {
		r.x.exemplars++
		e = exemplar.Exemplar{}
	}
	r.noteDuplicate(s)
	return nil
}

func (r *reader) noteDuplicate(s sample) {
	hash := s.labels.Hash()
	if s.native {
		hash++ // distinguish it from a classic series
	}
	if r.seen[hash] {
		r.x.doubled++
		r.x.duplicates = appendFew(r.x.duplicates, seriesText(s.labels))
	}
	r.seen[hash] = true
}

// appendFew keeps the first few examples.
func appendFew(few []string, s string) []string {
	if len(few) < 3 {
		return append(few, s)
	}
	return few
}

func (r *reader) family(name string) *family {
	if f := r.x.byName[name]; f != nil {
		return f
	}
	return r.newFamily(name)
}

func (r *reader) newFamily(name string) *family {
	f := &family{name: name, kind: model.MetricTypeUnknown}
	r.x.byName[name] = f
	r.x.families = append(r.x.families, f)
	return f
}

// declared returns the family of a TYPE or HELP line. OpenMetrics omits _total from the
// names of counters, so a gauge and a counter may share a name
// (go_memstats_alloc_bytes): a repeated declaration, or one after samples, starts a new
// family.
func (r *reader) declared(name string, already func(*family) bool) *family {
	if f := r.x.byName[name]; f != nil && len(f.samples) == 0 && !already(f) {
		return f
	}
	return r.newFamily(name)
}

// familyOf returns the family of a sample: the family of that name, or of the name without
// a suffix of the family's type.
func (r *reader) familyOf(name string) *family {
	if f := r.x.byName[name]; f != nil {
		return f
	}
	for _, s := range suffixes {
		base, cut := strings.CutSuffix(name, s.suffix)
		if !cut {
			continue
		}
		if f := r.x.byName[base]; f != nil && strings.Contains(s.kinds, string(f.kind)) {
			return f
		}
	}
	return r.family(name)
}

// suffixes of samples that TYPE lines omit, with their types.
var suffixes = []struct{ suffix, kinds string }{
	{"_bucket", "histogram gaugehistogram"},
	{"_count", "histogram summary"},
	{"_sum", "histogram summary"},
	{"_total", "counter"},
	{"_created", "counter histogram summary"},
	{"_gcount", "gaugehistogram"},
	{"_gsum", "gaugehistogram"},
	{"_info", "info"},
}

// settle names families as in queries, and merges families that then have the same name.
func (x *exposition) settle() {
	openMetrics := strings.HasPrefix(x.format, "OpenMetrics")
	byName, all := map[string]*family{}, x.families
	x.byName, x.families = byName, nil
	for _, f := range all {
		if openMetrics {
			f.addSuffix()
		}
		x.series += len(f.samples)
		if first := byName[f.name]; first != nil {
			first.join(f)
			continue
		}
		byName[f.name] = f
		x.families = append(x.families, f)
	}
}

// addSuffix adds the suffix that OpenMetrics omits from TYPE lines.
func (f *family) addSuffix() {
	suffix := map[model.MetricType]string{model.MetricTypeCounter: "_total", model.MetricTypeInfo: "_info"}[f.kind]
	if !strings.HasSuffix(f.name, suffix) {
		f.name += suffix
	}
}

func (f *family) join(other *family) {
	f.samples = append(f.samples, other.samples...)
	f.types += other.types
	f.helps += other.helps
	if f.kind == model.MetricTypeUnknown {
		f.kind = other.kind
	}
}
