package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const verdictOfTwo = `{"at":"2026-11-26T08:50:00Z","services":[
 {"job":"shop","state":"slow","rate":42,"errors":0,"targets":2,"up":2,"findings":[
  {"kind":"latency","job":"shop","method":"GET","path":"/api","now":0.724,"worst":0.8,"before":0.12,"limit":0.3,"rate":10,"since":"2026-11-26T08:49:20Z","where":{"instances":2,"only":"b"},"query":"x"}]},
 {"job":"pay","state":"warning","rate":3,"errors":0,"targets":1,"up":1,"findings":[],"firing":["TachoErrorRatioHigh"],
  "over":[{"kind":"errors","job":"pay","path":"/","now":0,"worst":0.6,"limit":0.05,"rate":3,"since":"2026-11-26T08:39:20Z","until":"2026-11-26T08:44:00Z","query":"x"}]},
 {"job":"images","state":"healthy","rate":1,"errors":0,"targets":1,"up":1,"findings":[]}]}`

// whyServer has a verdict, or only Prometheus's API.
func whyServer(t *testing.T, verdict bool) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/tacho/verdict" && verdict:
			fmt.Fprint(w, verdictOfTwo)
		case r.URL.Path == "/api/v1/query" && strings.HasPrefix(r.FormValue("query"), "max_over_time(up"):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"shop","instance":"a"},"value":[1,"0"]}]}}`)
		case strings.HasPrefix(r.URL.Path, "/api/v1/"):
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		case strings.HasPrefix(r.URL.Path, "/closed/"):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWhy(t *testing.T) {
	with, without := whyServer(t, true), whyServer(t, false)
	for _, tt := range []struct {
		name        string
		args        []string
		code        int
		out, errors string
	}{
		{"the worst first", []string{"--server", with}, 4, "GET /api is slow: p95 724 ms (was 120 ms), only on b since ", ""},
		{"a service", []string{"--server", with, "images"}, 0, "healthy  images  1 of 1 up  1 requests/s, 0 errors/s\n", ""},
		{"recovered, but an alert fires", []string{"--server", with, "pay"}, 5, "requests/s, 0 errors/s\n  still firing: TachoErrorRatioHigh\n  over: / was failing: 60% errors from ", ""},
		{"as JSON", []string{"--server", with, "--json", "shop"}, 4, `"only": "b"`, ""},
		{"computed here", []string{"--server", without}, 3, "a is down since ", ""},
		{"no such service", []string{"--server", with, "shap"}, exitUsage, "", `there is no service "shap"; there are: images, pay, shop`},
		{"two services", []string{"a", "b"}, exitUsage, "", "why takes one service, got 2"},
		{"no URL", []string{"--server", "nonsense"}, exitUsage, "", "--server nonsense: it must look like http://127.0.0.1:9464"},
		{"nothing there", []string{"--server", "http://127.0.0.1:1"}, exitFailed, "", "is tacho serve running there? Set --server"},
		{"no access", []string{"--server", with + "/closed"}, exitFailed, "", "401 Unauthorized: pass the credentials with --header"},
		{"no Prometheus", []string{"--server", with + "/other"}, exitFailed, "", "404 Not Found: is it the address of a Prometheus server?"},
		{"no time", []string{"--timeout", "0s"}, exitUsage, "", "--timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(t.Context(), append([]string{"why"}, tt.args...), streams{in: strings.NewReader(""), out: &out, err: &errs})
			if code != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.errors) {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.code, &out, &errs)
			}
		})
	}
}

// TestWhyReadsTheRules: on another server than tacho's, failures are counted by the interval and over the
// look-back of the rules that the server lists.
func TestWhyReadsTheRules(t *testing.T) {
	asked := make(chan string, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/rules":
			fmt.Fprint(w, `{"status":"success","data":{"groups":[{"interval":2,"rules":[{"name":"tacho:http_requests:rate","query":"rate(x[10s])"},
				{"name":"TachoErrorRatioHigh","query":"sum_over_time(tacho:http_requests:rate[40s])"}]}]}}`)
		case "/api/v1/query":
			asked <- r.FormValue("query")
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer s.Close()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"why", "--server", s.URL}, streams{in: strings.NewReader(""), out: &out, err: &errs}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	close(asked)
	var all []string
	for query := range asked {
		all = append(all, query)
	}
	if text := strings.Join(all, "\n"); !strings.Contains(text, "[40000ms])) * 2\n") || !strings.Contains(text, "up[4000ms]") {
		t.Errorf("asked:\n%s", text)
	}
}
