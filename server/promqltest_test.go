package server

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

// Reasons why commands of a script are left out.
const (
	// Prometheus has them behind --enable-feature.
	experiments = "experimental syntax and functions, which the parser refuses"
	names       = "delayed removal of metric names, which is off"
	unquoted    = "unquoted UTF-8 names, which the parser refuses"
	beginnings  = "start timestamps of counters, which are not stored"
)

// promqlScripts are all test scripts of PromQL that Prometheus has, with the
// number of their eval commands that run here and that do not.
var promqlScripts = map[string]struct {
	run, leftOut int
	why          string
	lines        []int // eval commands left out although the server knows their syntax
}{
	"aggregators":         {run: 165, leftOut: 2, why: experiments},
	"at_modifier":         {run: 77, leftOut: 1, why: experiments},
	"collision":           {run: 2},
	"duration_expression": {run: 59},
	"extended_vectors":    {run: 174},
	"fill-modifier":       {run: 1, leftOut: 49, why: experiments},
	"functions":           {run: 383, leftOut: 133, why: experiments},
	"histograms":          {run: 176, leftOut: 19, why: experiments},
	"info":                {leftOut: 70, why: experiments},
	"limit":               {leftOut: 37, why: experiments},
	"literals":            {run: 25},
	"name_label_dropping": {run: 22, leftOut: 8, why: names, lines: []int{59, 64, 69, 74, 89, 115, 119, 123}},
	"native_histograms":   {run: 550, leftOut: 7, why: experiments},
	"operators":           {run: 214},
	"range_queries":       {run: 16, leftOut: 2, why: experiments},
	"selectors":           {run: 31},
	"staleness":           {run: 17},
	"start_timestamps":    {leftOut: 40, why: beginnings},
	"subquery":            {run: 41},
	"trig_functions":      {run: 21},
	"type_and_unit":       {run: 65},
	"unquoted_utf8_names": {run: 2, leftOut: 25, why: unquoted},
}

// TestPromQL runs Prometheus's own test scripts of PromQL against the HTTP
// API of this server: samples are loaded into the storage of a running server,
// every query goes through /api/v1/query and /api/v1/query_range, and what
// comes back is compared with what the script demands. The script runner also
// asks each instant query again as a range query and with @ modifiers.
func TestPromQL(t *testing.T) {
	t.Parallel()
	files := scripts(t)
	for name := range promqlScripts {
		if _, ok := files[name]; !ok {
			t.Errorf("the table has a script %q, Prometheus does not", name)
		}
	}
	var run, leftOut, asked atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d eval commands ran as %d HTTP queries, %d were left out", run.Load(), asked.Load(), leftOut.Load())
	})
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, ok := promqlScripts[name]
			if !ok {
				t.Fatal("Prometheus has a new script: put it into the table")
			}
			s := parseScript(files[name])
			if want.why == beginnings {
				s.leaveAllOut()
			}
			for _, line := range want.lines {
				s.leaveOut(line)
			}
			if s.run != want.run || s.leftOut != want.leftOut || (s.leftOut > 0) != (want.why != "") {
				t.Errorf("%d eval commands run and %d do not; the table says %d and %d, because of %q", s.run, s.leftOut, want.run, want.leftOut, want.why)
			}
			engine := &overHTTP{}
			if s.run > 0 {
				samples := serveEmpty(t)
				promqltest.RunTestWithStorage(t, s.String(), engine, func(testing.TB) storage.Storage { return samples })
			}
			run.Add(int64(s.run))
			leftOut.Add(int64(s.leftOut))
			asked.Add(engine.asked.Load())
		})
	}
}

// scripts reads the test scripts in the sources of the Prometheus that is
// built in.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "promql", "promqltest", "testdata", "*.test"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".test")] = string(text)
	}
	return all
}

// A script is the text of a test script, without the eval commands that are
// left out; line numbers stay.
type script struct {
	lines        []string
	evals        []int // where the eval commands are that run; counted from 0
	run, leftOut int
}

var (
	plainParser = parser.NewParser(parser.Options{})
	fullParser  = parser.NewParser(promqltest.TestParserOpts)
	evalLine    = regexp.MustCompile(`^eval(?:_\w+)?\s+(?:instant\s+at\s+\S+|range\s+from\s+\S+\s+to\s+\S+\s+step\s+\S+)\s+(.+)$`)
	namesOne    = regexp.MustCompile(` for metric name "[^"]*"`)
	namesNone   = regexp.MustCompile(`histogram_(quantile|fraction)\(`)
	isExpected  = regexp.MustCompile(`^\s*expect (warn|info) msg:`)
)

// parseScript leaves out the commands whose query the server refuses, or would
// refuse in the form in which the runner asks it again.
func parseScript(text string) *script {
	s := &script{lines: strings.Split(text, "\n")}
	for i, line := range s.lines {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "eval") {
			continue
		}
		s.evals = append(s.evals, i)
		s.run++
		m := evalLine.FindStringSubmatch(line)
		if m == nil || !knows(m[1]) {
			s.leaveOut(i + 1)
			continue
		}
		if namesNone.MatchString(m[1]) {
			s.expectNoNames(i)
		}
	}
	return s
}

// knows tells whether the server's parser knows a query.
func knows(query string) bool {
	if _, err := plainParser.ParseExpr(query); err != nil {
		return false
	}
	expr, err := fullParser.ParseExpr(query)
	if err != nil {
		return false
	}
	_, err = plainParser.ParseExpr(expr.String())
	return err == nil
}

// block calls f for each line of the command at i.
func (s *script) block(i int, f func(line *string)) {
	for ; i < len(s.lines) && strings.TrimSpace(s.lines[i]) != ""; i++ {
		f(&s.lines[i])
	}
}

// leaveOut blanks the eval command at a line, counted from 1.
func (s *script) leaveOut(line int) {
	i := slices.Index(s.evals, line-1)
	if i < 0 {
		return
	}
	s.evals = slices.Delete(s.evals, i, i+1)
	s.run, s.leftOut = s.run-1, s.leftOut+1
	s.block(line-1, func(l *string) { *l = "" })
}

func (s *script) leaveAllOut() {
	for _, i := range slices.Clone(s.evals) {
		s.leaveOut(i + 1)
	}
}

// expectNoNames takes the metric's name out of expected annotations: these
// functions know it only with delayed removal of names.
func (s *script) expectNoNames(i int) {
	s.block(i, func(l *string) {
		if isExpected.MatchString(*l) {
			*l = namesOne.ReplaceAllString(*l, "")
		}
	})
}

func (s *script) String() string { return strings.Join(s.lines, "\n") }

// serveEmpty starts a server without targets, whose only samples are those of
// a script. Scripts load samples from 1970 on, again and again.
func serveEmpty(t testing.TB) *served {
	s, err := New(Options{
		Config: "global: {evaluation_interval: 1m}\n" +
			"storage: {tsdb: {out_of_order_time_window: 3650d}}\n" +
			"scrape_configs: [{job_name: " + selfJob + "}]\n",
		DataDir: t.TempDir(), Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with: %v", err)
		}
	})
	for deadline := time.Now().Add(time.Minute); !s.Ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server is not ready after a minute")
		}
	}
	return &served{s.fanout, s}
}
