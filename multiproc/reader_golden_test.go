package multiproc

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestGolden: for recorded files of a Flask service's four workers, with either client, the
// Reader returns the same as Python's collector.
func TestGolden(t *testing.T) {
	for _, client := range []string{"client-0.16", "client-0.25"} {
		t.Run(client, func(t *testing.T) {
			r := newReader(t, unpack(t, "testdata/"+client+".tar.gz"))
			text, err := os.ReadFile("testdata/" + client + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			compare(t, gather(t, r), parseText(t, string(text)))
			for why, n := range r.report.damaged {
				if n > 0 {
					t.Errorf("%d times %s", n, why)
				}
			}
		})
	}
}

func newReader(t *testing.T, dir string) *Reader {
	t.Helper()
	r, err := NewReader(ReaderOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// unpack unpacks an archive of files.
func unpack(t *testing.T, archive string) (dir string) {
	t.Helper()
	in, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if err == io.EOF {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// samples are the values of an exposition by name and labels.
type samples map[string]float64

func gather(t *testing.T, r *Reader) samples {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return samplesOf(families)
}

func parseText(t *testing.T, text string) samples {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []*dto.MetricFamily
	for _, f := range families {
		all = append(all, f)
	}
	return samplesOf(all)
}

// samplesOf omits the metrics about the directory.
func samplesOf(families []*dto.MetricFamily) samples {
	all := samples{}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "tacho_") {
			continue
		}
		vector, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{}, f)
		if err != nil {
			panic(err)
		}
		for _, s := range vector {
			all[s.Metric.String()] = float64(s.Value)
		}
		all["help of "+f.GetName()+": "+f.GetHelp()] = float64(f.GetType())
	}
	return all
}

func compare(t *testing.T, got, want samples) {
	t.Helper()
	for name, w := range want {
		if g, ok := got[name]; !ok || !near(g, w) {
			t.Errorf("%s is %v (there: %v), want %v", name, g, ok, w)
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is %v, but Python has none", name, g)
		}
	}
	if len(want) == 0 {
		t.Error("nothing was compared")
	}
}

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}
