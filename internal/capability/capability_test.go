package capability

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacho-go/tacho/verdict"
)

// A fake is an engine that has everything, except what is changed.
type fake struct {
	status map[string]int    // by endpoint: responds with this status
	body   map[string]string // by endpoint: responds with this body, whatever the request
	parts  string            // of the requests' durations, such as "native classic"
	rounds atomic.Int64      // of probes
	broken atomic.Bool       // no request succeeds
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	endpoint := strings.TrimPrefix(r.URL.Path, "/api/v1/")
	query := r.FormValue("query")
	if query == "vector(time())" {
		f.rounds.Add(1)
	}
	switch {
	case f.broken.Load():
		http.Error(w, "starting", http.StatusServiceUnavailable)
	case f.status[endpoint] != 0:
		http.Error(w, `{"status":"error","errorType":"bad_data","error":"unsupported path"}`, f.status[endpoint])
	case f.body[endpoint] != "":
		_, _ = w.Write([]byte(f.body[endpoint]))
	case query == "(" || r.FormValue("type") == "none":
		http.Error(w, `{"status":"error","errorType":"bad_data"}`, http.StatusBadRequest)
	default:
		_, _ = w.Write([]byte(`{"status":"success","data":` + f.data(endpoint, r.Form) + `}`))
	}
}

func (f *fake) data(endpoint string, form url.Values) string {
	switch endpoint {
	case "query":
		return f.vector(form.Get("query"), form.Get("time"))
	case "targets":
		return `{"activeTargets":[{"health":"up"}],"droppedTargets":[]}`
	case "metadata":
		return `{"up":[{"type":"gauge"}]}`
	case "rules":
		return `{"groups":[]}`
	}
	return `[]`
}

func (f *fake) vector(query, at string) string {
	var all []string
	add := func(part, value string) {
		all = append(all, fmt.Sprintf(`{"metric":{"part":%q},"value":[%s,%q]}`, part, at, value))
	}
	switch {
	case query == "vector(time())":
		add("", at)
	case strings.Contains(query, "label_replace"):
		for _, part := range strings.Fields(f.parts) {
			add(part, "3")
		}
	}
	return `{"resultType":"vector","result":[` + strings.Join(all, ",") + `]}`
}

func newProber(t *testing.T, h http.Handler) *Prober {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return &Prober{URL: s.URL + "/", Client: s.Client(), Header: http.Header{"X-Scope-Orgid": {"shop"}}}
}

// TestLacks: each feature that an engine lacks is named, and no other, however the engine lacks it.
func TestLacks(t *testing.T) {
	const empty = `{"status":"success","data":[]}`
	for _, tt := range []struct {
		name string
		fake *fake
		want string
	}{
		{"everything", &fake{parts: "native count classic"}, ""},
		{"nothing stored", &fake{}, ""},
		{"classic histograms only", &fake{parts: "count classic"}, ""},
		{"native histograms only", &fake{parts: "native"}, ""},
		{"an unknown path", &fake{status: map[string]int{"format_query": 404}}, "format_query"},
		{"an unknown path, as 400", &fake{status: map[string]int{"parse_query": 400}}, "parse_query"},
		{"not implemented", &fake{status: map[string]int{"query_exemplars": 501}}, "query_exemplars"},
		{"an unknown path that validates", &fake{status: map[string]int{"rules": 400}}, "rules"},
		{"a page", &fake{body: map[string]string{"metadata": "<html>"}}, "metadata"},
		{"a placeholder for exemplars", &fake{body: map[string]string{"query_exemplars": empty}}, "query_exemplars"},
		{"a placeholder for rules", &fake{body: map[string]string{"rules": `{"status":"success","data":{"groups":[]}}`}}, "rules"},
		{"no metadata", &fake{body: map[string]string{"metadata": `{"status":"success","data":{}}`}}, "metadata"},
		{"no targets", &fake{body: map[string]string{"targets": `{"status":"success","data":{"activeTargets":[],"droppedTargets":[{}]}}`}}, "targets"},
		{"native histograms converted", &fake{parts: "count converted"}, Native},
		{"native histograms converted beside classic ones", &fake{parts: "count converted classic"}, Native},
		{"native histograms dropped", &fake{parts: "count"}, Native},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProber(t, tt.fake)
			p.probe()
			if got := p.Source(); strings.Join(got.Lacks, " ") != tt.want || got.Behind != 0 {
				t.Errorf("%+v, want %q", got, tt.want)
			}
			if p.due.Before(time.Now().Add(every - time.Minute)) {
				t.Errorf("it is probed again at %v", p.due)
			}
		})
	}
}

// TestFunctions: an engine without the functions of native histograms has none.
func TestFunctions(t *testing.T) {
	all := &fake{parts: "native"}
	p := newProber(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("query"), "histogram_count") {
			http.Error(w, `{"status":"error","errorType":"execution"}`, http.StatusUnprocessableEntity)
			return
		}
		all.ServeHTTP(w, r)
	}))
	p.probe()
	if got := p.Source().Lacks; !slices.Equal(got, []string{Native}) {
		t.Errorf("%q", got)
	}
}

// TestBehind: an engine that evaluates queries of the present earlier hides the newest samples.
func TestBehind(t *testing.T) {
	all := &fake{}
	p := newProber(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Scope-Orgid") != "shop" {
			http.Error(w, "no tenant", http.StatusUnauthorized)
			return
		}
		if at := r.FormValue("time"); r.FormValue("query") == "vector(time())" {
			var n int64
			_, _ = fmt.Sscan(at, &n)
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,"%d.63"]}]}}`, n, n-30)
			return
		}
		all.ServeHTTP(w, r)
	}))
	p.probe()
	if got := p.Source(); got.Behind != 30 || len(got.Lacks) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAgain: an engine that does not respond lacks nothing, and is probed again soon. What is known of it
// stays known while it is gone.
func TestAgain(t *testing.T) {
	f := &fake{status: map[string]int{"format_query": 404}}
	f.broken.Store(true)
	p := newProber(t, f)
	if got := p.Source(); len(got.Lacks) != 0 {
		t.Errorf("before a probe: %+v", got)
	}
	await := func(what string, reached func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !reached(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	state := func() (rounds int64, soon, idle bool, s verdict.Source) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return f.rounds.Load(), p.due.Before(time.Now().Add(again + time.Second)), !p.probing, p.known
	}
	await("the first probe", func() bool { rounds, soon, idle, s := state(); return rounds == 1 && soon && idle && len(s.Lacks) == 0 })
	for range 10 {
		p.Source()
	}
	f.broken.Store(false)
	later := func() { p.mu.Lock(); p.due = time.Time{}; p.mu.Unlock(); p.Source() }
	later()
	await("what it lacks", func() bool {
		rounds, soon, idle, s := state()
		return rounds == 2 && !soon && idle && len(s.Lacks) == 1
	})
	f.broken.Store(true)
	later()
	await("what was known", func() bool { rounds, soon, idle, s := state(); return rounds == 3 && soon && idle && len(s.Lacks) == 1 })
}
