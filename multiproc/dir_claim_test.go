//go:build unix

package multiproc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

func openFor(t *testing.T, dir, service string) (*Cells, error) {
	t.Helper()
	c, err := OpenCells(CellsOptions{Dir: dir, Service: service})
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// TestClaims: a directory belongs to the first service, even if several start at the same time,
// and even after the claim was removed.
func TestClaims(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "metrics")
	var all sync.WaitGroup
	var mu sync.Mutex
	in, out := map[string]int{}, 0
	for i := range 20 {
		all.Go(func() {
			service := []string{"shop", "blog"}[i%2]
			_, err := openFor(t, dir, service)
			mu.Lock()
			defer mu.Unlock()
			var other *OtherServiceError
			switch {
			case err == nil:
				in[service]++
			case errors.As(err, &other) && other.Owner != service && other.Service == service:
				out++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(in) != 1 || out != 10 {
		t.Fatalf("%v were accepted, and %d refused", in, out)
	}

	dir = t.TempDir()
	c, err := openFor(t, dir, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, claimName)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPublisher(c, nil).Restore(); err != nil {
		t.Fatal(err)
	}
	if _, err := openFor(t, dir, "blog"); err == nil || !strings.Contains(err.Error(), `of the service "shop", and this one is "blog"`) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+tempSuffix)); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	checkDamage(t, newReader(t, dir), "")
}

// TestGoSubdir: if Python's client came first, a Go service uses a subdirectory, and Python's
// own collector still reads the same.
func TestGoSubdir(t *testing.T) {
	dir := t.TempDir()
	runPython(t, "write", dir, 2, 0)
	before := runPython(t, "read", dir)
	c, err := openFor(t, dir, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if c.Dir() != filepath.Join(dir, GoSubdir) {
		t.Errorf("cells are in %s", c.Dir())
	}
	publish(t, NewPublisher(c, nil), counterOf("a_total", 1), gaugeOf("g", 2))
	sorted := func(text string) []string { return slices.Sorted(strings.Lines(text)) }
	if got := runPython(t, "read", dir); !slices.Equal(sorted(got), sorted(before)) {
		t.Errorf("Python reads\n%s\nand before\n%s", got, before)
	}
	second, err := openFor(t, dir, "shop")
	if err != nil || filepath.Dir(second.Dir()) != c.Dir() {
		t.Errorf("the second ones are in %s, %v", second.Dir(), err)
	}
	if _, err := openFor(t, dir, "blog"); err == nil {
		t.Error("another service counts there, too")
	}
}

// TestPythonComesLater: a Go service that came first stays, with all its processes, and adopts
// the layout of Python's client, whose collector reads all files in its own.
func TestPythonComesLater(t *testing.T) {
	for _, layout := range []layout{valueOnly, withTimestamp} {
		dir := t.TempDir()
		c, err := openFor(t, dir, "shop")
		if err != nil {
			t.Fatal(err)
		}
		p, r := NewPublisher(c, nil), newReader(t, dir)
		families := []*dto.MetricFamily{counterOf("a_total", 1), gaugeOf("g", 2), histogramOf("h", 1, 1, bound(1, 1))}
		publish(t, p, families...)
		want := gather(t, r)
		put(t, dir, "counter_77.db", make([]byte, 64)) // still empty
		if _, err := p.Restore(); err != nil || !p.SharesDirWithPython() {
			t.Errorf("it was not noticed, %v", err)
		}
		put(t, dir, "counter_77.db", encode(layout, counted("python_total", 3)))
		if _, err := p.Restore(); err != nil {
			t.Fatal(err)
		}
		publish(t, p, families...)
		all, _ := filepath.Glob(filepath.Join(dir, "*.db"))
		for _, path := range all {
			if got := layoutOfFile(path); got != layout {
				t.Errorf("%s has the layout %v, want %v", filepath.Base(path), got, layout)
			}
		}
		if len(all) != 4 {
			t.Errorf("there are %v", all)
		}
		for _, r := range []*Reader{r, newReader(t, dir)} {
			got := gather(t, r)
			if got["python_total"] != 3 || got["a_total"] != 1 || got["g"] != 2 || got["h_count"] != 1 {
				t.Errorf("got %v, before %v", got, want)
			}
			checkDamage(t, r, "")
		}
		if again, err := openFor(t, dir, "shop"); err != nil || again.Dir() != filepath.Join(dir, "2") {
			t.Errorf("another process of it is in %s, %v", again.Dir(), err)
		}
	}
}
