package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
)

const form = "application/x-www-form-urlencoded"

// annotate posts a note.
func (r *running) annotate(values url.Values) (int, string) {
	r.t.Helper()
	code, _, text := r.ask(server.AnnotationsPath, form, values.Encode())
	return code, string(text)
}

// TestAnnotations: what is noted is found by everybody who reads the TSDB, also after
// a restart, and the same text at two moments is two notes.
func TestAnnotations(t *testing.T) {
	o := options(t)
	r := start(t, o)
	now := time.Now().Truncate(time.Second)
	earlier := now.Add(-10 * time.Minute)
	hostile := "a <b>\"\\\n\u202e" + strings.Repeat("x", 900)
	for _, values := range []url.Values{
		{"text": {"v2.1 deployed"}, "job": {"shop"}, "time": {fmt.Sprint(earlier.Unix())}},
		{"text": {"v2.1 deployed"}, "job": {"shop"}, "time": {now.UTC().Format(time.RFC3339)}},
		{"text": {"  for everybody "}}, {"text": {hostile}, "job": {"x\"}"}},
	} {
		code, body := r.annotate(values)
		var answer struct {
			Data struct {
				Text string
				Time float64
			}
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK || answer.Data.Text != strings.TrimSpace(values.Get("text")) {
			t.Fatalf("%d %s: %v", code, body, err)
		}
	}
	r.stop()
	r = start(t, o)
	notes := r.notes(`tacho_annotation{job=~"shop|"}[1h]`)
	want := []string{"shop v2.1 deployed " + fmt.Sprint(earlier.Unix()), "shop v2.1 deployed " + fmt.Sprint(now.Unix())}
	for _, w := range want {
		if !strings.Contains(strings.Join(notes, "\n"), w) {
			t.Errorf("no %q among %q", w, notes)
		}
	}
	if len(notes) != 3 || !strings.Contains(strings.Join(notes, "\n"), " for everybody ") {
		t.Errorf("got %q", notes)
	}
	if got := r.query(`tacho_annotation{job="x\"}"}`); len(got) != 1 || got[0].Metric["text"] != hostile {
		t.Errorf("the hostile note is %v", got)
	}
}

// notes are the samples of a range: job, text and the moment.
func (r *running) notes(expr string) (all []string) {
	for _, result := range r.batch(map[string]any{"query": expr})[0]["result"].([]any) {
		series := result.(map[string]any)
		metric := series["metric"].(map[string]any)
		for _, v := range series["values"].([]any) {
			job, _ := metric["job"].(string)
			all = append(all, fmt.Sprint(job, " ", metric["text"], " ", v.([]any)[1]))
		}
	}
	return all
}

func TestAnnotationsRefused(t *testing.T) {
	r := start(t, options(t))
	for _, test := range []struct {
		name, want string
		values     url.Values
	}{
		{"nothing", "text is empty: describe the event", url.Values{"text": {"  "}}},
		{"a long text", "text has 1025 bytes: at most 1024", url.Values{"text": {strings.Repeat("x", 1025)}}},
		{"a long job", "job has 257 bytes: at most 256", url.Values{"text": {"x"}, "job": {strings.Repeat("x", 257)}}},
		{"bytes", "must be UTF-8", url.Values{"text": {"\xff"}}},
		{"no time", `time is \"yesterday\": give seconds since 1970`, url.Values{"text": {"x"}, "time": {"yesterday"}}},
		{"the future", "is more than an hour ahead", url.Values{"text": {"x"}, "time": {fmt.Sprint(time.Now().Add(2 * time.Hour).Unix())}}},
		{"what is long gone", "is older than the retention (360h0m0s)", url.Values{"text": {"x"}, "time": {"1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if code, body := r.annotate(test.values); code != http.StatusBadRequest || !strings.Contains(body, test.want) {
				t.Errorf("got %d %s, want %q", code, body, test.want)
			}
		})
	}
	if code, _, body := r.ask(server.AnnotationsPath, form, "text=x", "Sec-Fetch-Site", "cross-site"); code != http.StatusForbidden {
		t.Errorf("another site's page may note: %d %s", code, body)
	}
	if got := r.query("tacho_annotation"); len(got) != 0 {
		t.Errorf("what was refused is there: %v", got)
	}
	for range 500 {
		r.annotate(url.Values{"text": {"x"}})
	}
	if code, body := r.annotate(url.Values{"text": {"y"}}); code != http.StatusTooManyRequests || !strings.Contains(body, "500 annotations in an hour") {
		t.Errorf("got %d %s", code, body)
	}
}
