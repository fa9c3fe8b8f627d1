package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
)

// TestServeSLO: one objective by flag and one from a file have budgets, which a reload reads again.
func TestServeSLO(t *testing.T) {
	t.Parallel() // it mostly waits
	service := newService(t, goodService)
	file := filepath.Join(t.TempDir(), "slos.yml")
	write := func(target string) {
		text := "version: prometheus/v1\nservice: shop\nslos:\n  - name: from-sloth\n    objective: " + target + "\n    sli:\n      events:\n" +
			"        error_query: sum(rate(http_requests_total{job=\"shop\",status=~\"5..\"}[{{.window}}])) or vector(0)\n        total_query: sum(rate(http_requests_total{job=\"shop\"}[{{.window}}]))\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("99")
	p := spawn(t, nil, "serve", "shop="+service, "--listen", "127.0.0.1:0", "--interval", "1s", "--slo", "shop: 99.5% available", "--slo-file", file)
	page := p.says(pageLine)
	if got := p.says(`(?m)^  Data .*\((.*)\)$`); !strings.HasPrefix(got, "kept 31d") {
		t.Errorf("samples are %q, which is too short for 30 days", got)
	}
	p.says(`(?m)^  SLOs +(shop-availability: 99.5% available over 30d)$`)
	budget := func(name string) string {
		return value(t, page, `tacho:slo_error_budget:ratio{job="shop",slo="`+name+`",window="30d"}`)
	}
	p.await("both budgets", 60*time.Second, func() bool { return budget("shop-availability") == "1" && budget("from-sloth") == "1" })
	target := func() string { return value(t, page, `tacho:slo_objective:ratio{slo="from-sloth"}`) }
	if got := target(); got != "0.99" {
		t.Errorf("the target is %s, want 0.99", got)
	}
	write("99.9")
	res, err := http.Post(page+"-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	p.await("the changed target", 30*time.Second, func() bool { return target() == "0.999" })
	p.end(syscall.SIGTERM)
}

// TestSLOFlags: what is wrong is named before anything is opened.
func TestSLOFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--slo", "shop: 99.5% available"}, ""},
		{[]string{"--slo", "shop: 99.5% available", "--retention", "60d"}, ""},
		{[]string{"--slo", "shop: 99.5% available", "--retention", "7d"}, "--retention 1w: an SLO looks back for 30d"},
		{[]string{"--slo-file", "/nowhere/slos.yml"}, "--slo-file: open /nowhere/slos.yml"},
		{[]string{"--slo", "shop: 101% available"}, "above 0% and below 100%"},
		{[]string{"--slo", "shop: 99% available", "--slo", "shop: 98% available"}, "has an objective shop-availability already: add 'as NAME'"},
	} {
		f := &serveFlags{}
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		f.register(flags)
		err := flags.Parse(tt.args)
		if err == nil {
			err = f.check(flags)
		}
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%v: %v, want %q", tt.args, err, tt.want)
		}
		if tt.want == "" && f.retention < 31*24*time.Hour {
			t.Errorf("%v: samples are kept for %v", tt.args, f.retention)
		}
	}
}

// routeBounds returns the metrics of a service with two routes under different bucket bounds.
func routeBounds(prefix string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE %shttp_request_duration_seconds histogram\n", prefix)
		for path, bounds := range map[string][]string{"/": {"0.1", "0.25", "0.5", "+Inf"}, "/own": {"0.3", "+Inf"}} {
			for _, le := range bounds {
				fmt.Fprintf(w, "%shttp_request_duration_seconds_bucket{method=\"GET\",path=%q,status=\"200\",le=%q} 1\n", prefix, path, le)
			}
			for _, suffix := range []string{"sum", "count"} {
				fmt.Fprintf(w, "%shttp_request_duration_seconds_%s{method=\"GET\",path=%q,status=\"200\"} 1\n", prefix, suffix, path)
			}
		}
	}
}

// TestGenerateSLO: what would measure nothing is rejected: a latency that is no bucket bound of the service
// of --from, and a format for the names of one library without the library.
func TestGenerateSLO(t *testing.T) {
	plain, prefixed := newService(t, routeBounds("")), newService(t, routeBounds("own_"))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--slo", "shop: 99% of / below 300ms", "--from", plain}, "300ms is not a bucket bound of shop: the nearest are 250ms and 500ms"},
		{[]string{"--slo", "shop: 99% of / below 300ms", "--from", prefixed}, "300ms is not a bucket bound of shop: the nearest are 250ms and 500ms"},
		{[]string{"--slo", "shop: 99% of / below 250ms", "--from", plain}, ""},
		{[]string{"--slo", "shop: 99% of /own below 300ms", "--from", prefixed}, ""},
		{[]string{"--slo", "shop: 99% available", "--as", "sloth"}, "choose it with --schema"},
		{[]string{"--slo", "shop: 99% available", "--as", "sloth", "--schema", "all"}, "choose it with --schema"},
		{[]string{"--slo", "shop: 99% available", "--as", "sloth", "--schema", "default"}, ""},
		{[]string{"--slo", "shop: 99% available", "--as", "sloth", "--from", plain}, ""},
	} {
		p := command(t, nil, append([]string{"generate", "slo"}, tt.args...)...)
		err := p.cmd.Run()
		if said := p.log.String(); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(said, tt.want)) {
			t.Errorf("%v: %v, want %q\n%s", tt.args, err, tt.want, said)
		}
	}
}

// TestSLOBounds: a latency that is no bucket bound of the running service is rejected with the nearest ones.
func TestSLOBounds(t *testing.T) {
	here, err := target.Parse("shop=" + newService(t, routeBounds("")))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := target.Parse("gone=127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"shop: 99% of / below 300ms":        "300ms is not a bucket bound of shop: the nearest are 250ms and 500ms",
		"shop: 99% of / below 250ms":        "",
		"shop: 99% of GET /own below 300ms": "",
		"shop: 99% available":               "",
		"gone: 99% below 300ms":             "",
		"other: 99% below 300ms":            "",
	} {
		var f sloFlags
		if err := f.short.Set(text); err != nil {
			t.Fatal(err)
		}
		err := f.checkBounds(t.Context(), []target.Target{here, gone})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
