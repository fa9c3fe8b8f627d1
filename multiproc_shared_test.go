//go:build unix

package tacho_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/proto"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/multiproc"
)

// TestShared: who knows only the directory exports what the processes themselves
// do, under their names, with their buckets and labels; before the service begins, nothing,
// and when all its processes are gone, what they have counted.
func TestShared(t *testing.T) {
	for name, opts := range metertest.Setups() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			g, err := tacho.Shared(dir, map[string]string{"at": "here"})
			if err != nil {
				t.Fatal(err)
			}
			if families, err := g.Gather(); err != nil || len(families) > 0 {
				t.Errorf("before it begins there is %v, %v", families, err)
			}
			opts.Multiproc.Dir = dir
			m := metertest.Busy(opts)
			want := m.Own()
			check := func(when string) {
				t.Helper()
				families, err := g.Gather()
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]*dto.MetricFamily{}
				for _, f := range families {
					got[f.GetName()] = withoutLabel(f, "at")
				}
				for _, f := range want {
					if strings.HasPrefix(f.GetName(), "tacho_") || f.GetName() == "" {
						continue
					}
					a, b := withoutExemplars(got[f.GetName()]), withoutExemplars(f)
					if len(a.GetMetric()) != len(b.GetMetric()) {
						t.Errorf("%s: %s has %d metrics, want %d", when, f.GetName(), len(a.GetMetric()), len(b.GetMetric()))
						continue
					}
					for i := range a.GetMetric() {
						if !proto.Equal(a.Metric[i], b.Metric[i]) {
							t.Errorf("%s, %s:\ngot  %s\nwant %s", when, f.GetName(), a.Metric[i], b.Metric[i])
						}
					}
				}
			}
			check("alive")
			check("again")
			m.Leave()
			if err := m.Cells().Close(); err != nil {
				t.Fatal(err)
			}
			r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := r.Compact(); n == 0 || err != nil {
				t.Fatalf("Compact says %d, %v", n, err)
			}
			check("folded")
		})
	}
}

func withoutLabel(f *dto.MetricFamily, name string) *dto.MetricFamily {
	for _, m := range f.Metric {
		for i, l := range m.Label {
			if l.GetName() == name {
				m.Label = append(m.Label[:i:i], m.Label[i+1:]...)
				break
			}
		}
	}
	return f
}

// withoutExemplars leaves out what only the process itself knows, and the last bucket,
// which is there if it has one.
func withoutExemplars(f *dto.MetricFamily) *dto.MetricFamily {
	for _, m := range f.GetMetric() {
		for _, b := range m.GetHistogram().GetBucket() {
			b.Exemplar = nil
		}
		if h := m.Histogram; h != nil {
			h.Exemplars = nil
			h.Bucket = slices.DeleteFunc(h.Bucket, func(b *dto.Bucket) bool { return math.IsInf(b.GetUpperBound(), 1) })
		}
	}
	return f
}

// exposed is what a gatherer gives, as text, if that is one that Prometheus can read.
func exposed(t *testing.T, g prometheus.Gatherer) (text string, err error) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	seen := map[string]bool{}
	for _, f := range families {
		if !names.Metric(f.GetName()) || seen[f.GetName()] {
			return "", fmt.Errorf("the family %q, there before: %v", f.GetName(), seen[f.GetName()])
		}
		seen[f.GetName()] = true
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			return "", err
		}
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	_, err = parser.TextToMetricFamilies(strings.NewReader(b.String()))
	return b.String(), err
}

// TestSharedFlipped: one byte of a file of cells has changed, wherever. A scrape is still
// one that Prometheus can read, and the other families are in it.
func TestSharedFlipped(t *testing.T) {
	dir := t.TempDir()
	m := metertest.BusyPart(tacho.Options{OmitRuntime: true, Multiproc: tacho.Multiproc{Dir: dir}}, func(i int) bool { return i < 20 }) // all is read again and again
	m.Leave()
	all, _ := filepath.Glob(filepath.Join(dir, "*.cells"))
	if len(all) != 1 {
		t.Fatalf("there are %v", all)
	}
	data, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.Index(data, []byte(tacho.SharedConfigStart))
	end := begin + bytes.IndexByte(data[begin:], 0)
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	for at := begin; at < end; at += 7 {
		flipped := slices.Clone(data)
		flipped[at] ^= []byte{1, 0x20, 0x40}[at%3]
		other := t.TempDir()
		if err := os.WriteFile(filepath.Join(other, filepath.Base(all[0])), flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: other})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := exposed(t, tacho.SharedWith(r)); err != nil {
			t.Errorf("with byte %d as %q in %q: %v", at, flipped[at], flipped[max(begin, at-20):at+20], err)
		}
	}
}

// TestSharedOlderConfig: a recipe that cannot be followed does not take the metrics away if
// another process has one that can.
func TestSharedOlderConfig(t *testing.T) {
	dir := t.TempDir()
	m := metertest.Busy(tacho.Options{OmitRuntime: true, Multiproc: tacho.Multiproc{Dir: dir}})
	defer m.Leave()
	r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	g := tacho.SharedWith(r)
	before, err := exposed(t, g)
	if err != nil || !strings.Contains(before, "http_requests_total{") {
		t.Fatalf("%v: %s", err, before)
	}
	config, err := m.SharedConfig()
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(config, `"http_requests_total"`, `"http.requests total"`, 1)
	m.Cells().Add(multiproc.CellKey{Text: bad}, 0, m.Wall().Add(time.Hour).UnixNano())
	for _, g := range []prometheus.Gatherer{g, tacho.SharedWith(r)} {
		if text, err := exposed(t, g); err != nil || !strings.Contains(text, "http_requests_total{") {
			t.Errorf("%v: %s", err, text)
		}
	}
}

// TestSharedLabels: a label that is added is not in the place of one that the service has.
func TestSharedLabels(t *testing.T) {
	dir := t.TempDir()
	label := tacho.Label{Name: "exported_app", Func: func(tacho.Request) string { return "mine" }}
	m := metertest.Busy(tacho.Options{OmitRuntime: true, ConstLabels: map[string]string{"app": "own"}, Labels: []tacho.Label{label}, Multiproc: tacho.Multiproc{Dir: dir}})
	defer m.Leave()
	r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir, ConstLabels: map[string]string{"app": "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := tacho.Shared(dir, map[string]string{"app": "shop"})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []prometheus.Gatherer{tacho.SharedWith(r), alone} {
		text, err := exposed(t, g)
		if want := `http_requests_total{app="shop",exported_app="mine",exported_exported_app="own",`; err != nil || !strings.Contains(text, want) {
			t.Errorf("%v: there is no %s in\n%s", err, want, text)
		}
	}
}
