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

// parseExposition reads a body with Prometheus's own parser: what it accepts,
// Prometheus accepts. After an error it holds what came before; Prometheus
// would have thrown away everything.
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

// newParser always returns a parser; the error says that Prometheus would have
// refused the Content-Type.
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
		return "text (without saying so)"
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

// readAll also survives a parser that panics: bytes from the network must not
// end the program.
func (r *reader) readAll(p textparse.Parser) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the parser broke: %v", v)
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
		return errors.New("a sample without a metric name")
	}
	if twice, is := s.labels.HasDuplicateLabelNames(); is {
		return fmt.Errorf("label name %q is there twice in %s", twice, seriesText(s.labels))
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
		hash++ // the classic _count and the native histogram differ in name, anyway
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

// declared returns the family that a TYPE or HELP line speaks of. OpenMetrics
// leaves _total out of the name of a counter, and so a gauge and a counter may
// share it (go_memstats_alloc_bytes): a declaration that was there, or that
// comes after samples, begins another family.
func (r *reader) declared(name string, already func(*family) bool) *family {
	if f := r.x.byName[name]; f != nil && len(f.samples) == 0 && !already(f) {
		return f
	}
	return r.newFamily(name)
}

// familyOf finds the family that a sample's name belongs to: its own, or that
// of its name without a suffix that goes with the family's type.
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

// suffixes that samples have and TYPE lines have not, with the types that use
// them.
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

// settle names families as queries do, and joins those that then turn out to
// be one that was declared twice.
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

// addSuffix: OpenMetrics leaves these out of TYPE lines.
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
