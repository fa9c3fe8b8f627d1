package doctor

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mayBeSaid lists the findings above info that are true of unmodified expositions. Any
// other finding is a false alarm.
var mayBeSaid = map[string][]string{
	"fiberprometheus.txt": {"lint"},        // a gauge with _total in its name
	"gin-tutorial.txt":    {"status-text"}, // "OK" and "Not Found"
	"hertz.txt":           {"lint"},        // a counter without _total

	// Milliseconds.
	"otelconnect-old.txt":    {"units"},
	"otelgrpc-old.txt":       {"units"},
	"otelgrpc-old-names.txt": {"units"},
}

// TestLibraries reads what known libraries export, and a machine's metrics.
func TestLibraries(t *testing.T) {
	files, err := filepath.Glob("../../../../schema/testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("only %d expositions: %v", len(files), err)
	}
	for _, file := range append(files, filepath.Join("testdata", "machine.txt")) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := examine(t, exposed(string(body)))
			mustOnlySay(t, r, mayBeSaid[filepath.Base(file)])
		})
	}
}

func mustOnlySay(t *testing.T, r Report, allowed []string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Severity > Info && !slices.Contains(allowed, f.ID) {
			t.Errorf("a false alarm: %s: %s: %s", f.ID, f.Title, f.Evidence)
		}
	}
}

// TestPrometheus examines a real Prometheus, which has served some queries.
func TestPrometheus(t *testing.T) {
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("needs Debian's prometheus: apt-get install prometheus")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("scrape_configs: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd := exec.Command(path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:"+port)
	p := start(t, regexp.MustCompile(`Server is ready to receive (web requests)`), cmd)
	p.url = "http://127.0.0.1:" + port
	for i := range 120 {
		request(t, "GET", fmt.Sprintf("%s/api/v1/query?query=%d", p.url, i))
		request(t, "GET", p.url+"/wp-login.php")
	}
	mustOnlySay(t, mustExamine(t, quick(p.url)), nil)
}

func FuzzParse(f *testing.F) {
	for _, file := range []string{"machine.txt"} {
		body, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, uint8(0))
	}
	f.Add(protobufBody(), uint8(2))
	for _, s := range []string{
		"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
		"# TYPE a counter\na_total 1 # {trace_id=\"x\"} 1 1\n# EOF\n", "a{x=\"1\",x=\"2\"} 1", "{\"a.b\"} NaN 17", "\x00", "# HELP", "h_bucket{le=\"x\"} 1",
	} {
		for kind := range uint8(4) {
			f.Add([]byte(s), kind)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind uint8) { mustDigest(t, body, fuzzTypes[int(kind)%len(fuzzTypes)]) })
}

// protobufBody is the healthy service's answer in protobuf, with a native
// histogram.
func protobufBody() []byte {
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", asProtobuf)
	nativeHistogram([]float64{0.1, 1})().ServeHTTP(rec, r)
	return rec.Body.Bytes()
}

var fuzzTypes = []string{
	"text/plain; version=0.0.4",
	"application/openmetrics-text; version=1.0.0",
	"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
	"",
}

// mustDigest runs every check over an exposition: whatever it holds, there is
// a report that can be written, and no panic.
func mustDigest(t *testing.T, body []byte, contentType string) {
	target, err := parseTarget("localhost")
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{status: http.StatusOK, body: body, contentType: contentType, size: int64(len(body))}
	e := &examination{options: Options{}.withDefaults(), target: target, past: newTracker(v.began), blamed: map[string]bool{}}
	e.visits, e.newest = []*visit{v}, v
	e.take(v)
	e.main, e.text, e.proto = v.exposition, v.exposition, v.exposition
	e.first = parseExposition(nil, contentType)
	r := e.report()
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	if p := v.exposition.parseError; p != nil && p.Line > bytes.Count(body, []byte("\n"))+1 {
		t.Errorf("line %d of %d", p.Line, bytes.Count(body, []byte("\n"))+1)
	}
	if series := strings.Count(string(body), "\n") + 1; contentType == fuzzTypes[0] && v.exposition.series > series {
		t.Errorf("%d series in %d lines", v.exposition.series, series)
	}
}
