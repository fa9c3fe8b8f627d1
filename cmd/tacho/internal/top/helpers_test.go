package top

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
)

// began is the start time of every test's clock.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// readingOf reads an exposition as if it had been scraped at a time.
func readingOf(t testing.TB, text string, seconds float64) Snapshot {
	t.Helper()
	r := Read(scrapeOf(t, text))
	r.At = at(seconds)
	return r
}

// scrapeOf serves a text and scrapes it.
func scrapeOf(t testing.TB, text string) doctor.Scrape {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(text))
	}))
	defer srv.Close()
	s, err := doctor.NewScraper(doctor.Options{URL: srv.URL}, "test")
	if err != nil {
		t.Fatal(err)
	}
	scrape, err := s.Scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return scrape
}

// watching is a watch of URLs called a, b and so on.
func watching(n int, interval, window time.Duration) *Watch {
	return NewWatch(strings.Split("abcdef"[:n], ""), interval, window)
}

// rowOf returns the row of a path.
func rowOf(t testing.TB, p Frame, path string) Row {
	t.Helper()
	for _, r := range p.Rows {
		if r.Path == path {
			return r
		}
	}
	t.Fatalf("no row of %s in %v", path, paths(p.Rows))
	return Row{}
}

func paths(rows []Row) (all []string) {
	for _, r := range rows {
		all = append(all, r.Path)
	}
	return all
}

// near allows for rounding.
func near(a, b float64) bool { return a == b || a-b < 1e-6 && b-a < 1e-6 }

func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// texts returns the lines without their styles.
func texts(lines []Line) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.String())
	}
	return strings.Join(all, "\n")
}

// A changing service answers what it is told to.
type changing struct {
	*httptest.Server
	text atomic.Value
}

func newChanging(t testing.TB, text string) *changing {
	c := &changing{}
	c.text.Store(text)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(c.text.Load().(string)))
	}))
	t.Cleanup(c.Close)
	return c
}
