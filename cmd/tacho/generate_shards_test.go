package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestShards: the servers of --shards scrape each target exactly once together, of each job, and each
// scrapes some. Prometheus accepts the files.
func TestShards(t *testing.T) {
	t.Parallel() // it mostly waits
	const shards, services = 3, 12
	var want []string
	for i := range services {
		want = append(want, fmt.Sprintf("job%d ", i%2)+newService(t, goodService))
	}
	dir := t.TempDir()
	for _, job := range []string{"job0", "job1"} {
		list := ""
		for _, w := range want {
			if w[:4] == job {
				list += fmt.Sprintf(`{"targets": [%q]},`, w[5:])
			}
		}
		writeText(t, filepath.Join(dir, job+".json"), "["+list[:len(list)-1]+"]")
	}
	config := "global: {scrape_interval: 1s}\nscrape_configs:\n" +
		"- {job_name: job0, file_sd_configs: [{files: [job0.json]}]}\n- {job_name: job1, file_sd_configs: [{files: [job1.json]}]}\n"
	writeText(t, filepath.Join(dir, "prometheus.yml"), config)
	generate(t, dir, "prometheus", "prometheus.yml", "--shards", fmt.Sprint(shards), "--output", "./")

	var pages []string
	for i := range shards {
		file := filepath.Join(dir, fmt.Sprintf("prometheus-%d.yml", i))
		if out, err := exec.Command("promtool", "check", "config", file).CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
		pages = append(pages, spawn(t, nil, "serve", file, "--listen", "127.0.0.1:0").says(pageLine))
	}
	var got []string
	awaitState(t, "all targets", func() bool {
		got = nil
		for _, page := range pages {
			for _, r := range query(t, page, `up{job=~"job.*"} == 1`) {
				got = append(got, r.Metric["job"]+" "+r.Metric["instance"])
			}
		}
		return len(got) >= services
	})
	time.Sleep(2 * time.Second) // two more scrapes: none appears on a second server
	for i, page := range pages {
		if n := len(query(t, page, `up{job=~"job.*"}`)); n == 0 || n > services-2 {
			t.Errorf("server %d scrapes %d of %d targets", i, n, services)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("scraped\n%q, want each once\n%q", got, want)
	}
}

// generate runs tacho generate in a folder, and returns its output.
func generate(t *testing.T, dir string, args ...string) string {
	t.Helper()
	p := command(t, nil, append([]string{"generate"}, args...)...)
	p.cmd.Dir = dir
	if err := p.cmd.Run(); err != nil {
		t.Fatalf("tacho generate %v: %v\n%s%s", args, err, &p.log, &p.out)
	}
	return p.out.String()
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
