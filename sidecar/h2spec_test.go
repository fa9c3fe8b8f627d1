package sidecar_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/internal/programs"
)

// TestH2Spec: the proxy has the HTTP/2 of net/http, whatever the upstream's protocol: of h2spec's cases, the
// same ones fail with and without it. docs/sidecar.md lists them.
func TestH2Spec(t *testing.T) {
	t.Parallel()
	spec := h2spec{t, programs.File(t, "h2spec")}
	bare := startService(t, http.HandlerFunc(someBody))
	addresses := map[string]string{"without the proxy": bare}
	for _, scheme := range []string{"http", "h2c"} {
		addresses[scheme] = startFor(t, scheme+"://"+bare).address
	}
	results := spec.runAll(addresses)
	want := results["without the proxy"]
	if len(want) < 140 {
		t.Fatalf("only %d cases ran", len(want))
	}
	for name, got := range results {
		spec.settle(want, got, bare, addresses[name])
		t.Logf("%s: %d of %d cases pass", name, passed(got), len(got))
		for _, c := range differences(want, got) {
			t.Errorf("upstream %s: %s\nthrough the proxy: %q\nwithout it: %q", name, c.name, got[c], want[c])
		}
	}
	for c, failure := range want {
		if failure != "" {
			t.Logf("fails: %s %s: %s", c.group, c.name, failure)
		}
	}
}

// someBody reads the request, and responds with a body.
func someBody(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "a body of some bytes")
}

// h2spec runs the program of that name.
type h2spec struct {
	t       *testing.T
	program string
}

// A specCase is one case of h2spec: its group, such as http2/6.5, and its name.
type specCase struct{ group, name string }

// specResults are the errors of cases, "" for those that pass.
type specResults map[specCase]string

// specGroups are all groups of h2spec. Each set runs in a process of its own: most cases wait for a second or
// two until nothing more comes.
var specGroups = [][]string{
	{"generic"}, {"hpack"}, {"http2/3", "http2/4"}, {"http2/5"}, {"http2/6"}, {"http2/7", "http2/8"},
}

// runAll runs all groups against all addresses at once.
func (s h2spec) runAll(addresses map[string]string) map[string]specResults {
	s.t.Helper()
	results := map[string]specResults{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, address := range addresses {
		results[name] = specResults{}
		for _, groups := range specGroups {
			all.Go(func() {
				got := s.run(address, groups...)
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(results[name], got)
			})
		}
	}
	all.Wait()
	return results
}

// settle runs the groups with a difference again, a few times: on a busy machine, a case may end before the
// response has come.
func (s h2spec) settle(want, got specResults, bare, address string) {
	s.t.Helper()
	for range 3 {
		for _, group := range groupsOf(differences(want, got)) {
			maps.Copy(want, s.run(bare, group))
			maps.Copy(got, s.run(address, group))
		}
	}
}

// run runs groups of cases against a server.
func (s h2spec) run(address string, groups ...string) specResults {
	s.t.Helper()
	report := filepath.Join(s.t.TempDir(), "report.xml")
	host, port, _ := strings.Cut(address, ":")
	args := append([]string{"-h", host, "-p", port, "-j", report}, groups...)
	out, err := exec.CommandContext(s.t.Context(), s.program, args...).CombinedOutput()
	text, unread := os.ReadFile(report) // it ends with an error if a case fails
	if unread != nil {
		s.t.Errorf("h2spec %q: %v, %v\n%s", groups, err, unread, out)
		return nil
	}
	results, err := readSpecReport(text)
	if err != nil {
		s.t.Errorf("h2spec %q: %v", groups, err)
	}
	return results
}

// readSpecReport reads a report in JUnit's format.
func readSpecReport(text []byte) (specResults, error) {
	var report struct {
		Suites []struct {
			Cases []struct {
				Group   string `xml:"package,attr"`
				Name    string `xml:"classname,attr"`
				Failure string `xml:"failure"`
				Error   string `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	results := specResults{}
	for _, suite := range report.Suites {
		for _, c := range suite.Cases {
			results[specCase{c.Group, c.Name}] = c.Failure + c.Error
		}
	}
	return results, nil
}

// differences returns the cases that only one of both passes.
func differences(a, b specResults) []specCase {
	var all []specCase
	for c := range a {
		if other, ran := b[c]; !ran || (a[c] == "") != (other == "") {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b specCase) int { return strings.Compare(a.group+a.name, b.group+b.name) })
	return all
}

func groupsOf(cases []specCase) []string {
	groups := map[string]bool{}
	for _, c := range cases {
		groups[c.group] = true
	}
	return slices.Sorted(maps.Keys(groups))
}

func passed(r specResults) (n int) {
	for _, failure := range r {
		if failure == "" {
			n++
		}
	}
	return n
}
