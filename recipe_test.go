//go:build unix

package tacho

import (
	"math"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/tacho-go/tacho/multiproc"
)

// TestShared: who knows only the directory exports what the processes themselves
// do, under their names, with their buckets and labels; before the service begins, nothing,
// and when all its processes are gone, what they have counted.
func TestShared(t *testing.T) {
	for name, opts := range setups() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			g, err := Shared(dir, map[string]string{"at": "here"})
			if err != nil {
				t.Fatal(err)
			}
			if families, err := g.Gather(); err != nil || len(families) > 0 {
				t.Errorf("before it begins there is %v, %v", families, err)
			}
			opts.Multiproc.Dir = dir
			m := busy(opts)
			want := m.families.gather(m)
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
			m.core.siblings.leave()
			if err := m.core.siblings.cells.Close(); err != nil {
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
