package target

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/internal/redact"
)

// Settings are the other settings of the generated configuration.
type Settings struct {
	Interval      time.Duration // of scrapes and rule evaluations
	Alertmanagers []string      // URLs of Alertmanagers
	RemoteWrite   []string      // URLs to which all samples are sent
	RuleFiles     []string      // files with rules, relative to the configuration

	// Portable leaves out what Prometheus before 3.8 rejects: native histograms.
	Portable bool
}

// ErrConfigFile is returned if a prometheus.yml is not the only target.
var ErrConfigFile = errors.New("a prometheus.yml is the complete configuration")

// ConfigFile returns the prometheus.yml among the targets, if any. It must be the only
// target, and settings that belong in the file must be empty.
func ConfigFile(targets []Target, s Settings) (file string, err error) {
	i := slices.IndexFunc(targets, func(t Target) bool { return t.IsConfig })
	switch {
	case i < 0:
		return "", nil
	case len(targets) > 1:
		return "", fmt.Errorf("%w: put the other targets in %s", ErrConfigFile, targets[i].File)
	case len(s.Alertmanagers) > 0 || len(s.RemoteWrite) > 0:
		return "", fmt.Errorf("%w: put the Alertmanager and remote_write in %s", ErrConfigFile, targets[i].File)
	}
	return targets[i].File, nil
}

// Config returns the prometheus.yml for the targets: one job per name, native and
// classic histograms unless it is to be portable, and an out-of-order window of half an
// hour.
func Config(targets []Target, s Settings) (string, error) {
	timeout := min(s.Interval, 10*time.Second)
	c := map[string]any{
		"global":  map[string]any{"scrape_interval": duration(s.Interval), "scrape_timeout": duration(timeout), "evaluation_interval": duration(s.Interval)},
		"storage": map[string]any{"tsdb": map[string]any{"out_of_order_time_window": "30m"}},
	}
	if jobs := jobs(targets); len(jobs) > 0 {
		for i := range jobs {
			jobs[i].Native, jobs[i].Classic = !s.Portable, !s.Portable
		}
		c["scrape_configs"] = jobs
	}
	if len(s.RuleFiles) > 0 {
		c["rule_files"] = s.RuleFiles
	}
	if len(s.Alertmanagers) > 0 {
		managers, err := alertmanagers(s.Alertmanagers)
		if err != nil {
			return "", err
		}
		c["alerting"] = map[string]any{"alertmanagers": managers}
	}
	if len(s.RemoteWrite) > 0 {
		receivers, err := receivers(s.RemoteWrite)
		if err != nil {
			return "", err
		}
		c["remote_write"] = receivers
	}
	text, err := yaml.Marshal(c)
	return string(text), err
}

// duration formats a duration for Prometheus: 1s500ms, not 1.5s.
func duration(d time.Duration) string { return model.Duration(d).String() }

// A job is one entry of scrape_configs.
type job struct {
	Name      string         `yaml:"job_name"`
	Scheme    string         `yaml:"scheme,omitempty"`
	Path      string         `yaml:"metrics_path,omitempty"`
	Params    url.Values     `yaml:"params,omitempty"`
	Native    bool           `yaml:"scrape_native_histograms,omitempty"`
	Classic   bool           `yaml:"always_scrape_classic_histograms,omitempty"`
	Static    []staticConfig `yaml:"static_configs,omitempty"`
	FileSD    []fileConfig   `yaml:"file_sd_configs,omitempty"`
	BodyLimit string         `yaml:"body_size_limit"`
}

type staticConfig struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels,omitempty"`
}

type fileConfig struct {
	Files   []string `yaml:"files"`
	Refresh string   `yaml:"refresh_interval"`
}

// bodyLimit protects the memory from runaway targets.
const bodyLimit = "256MB"

// jobs groups the targets by name. Targets of one name that differ in scheme, path or
// parameters become separate jobs with the same label job.
func jobs(targets []Target) []job {
	var all []job
	seen := map[string]int{} // number of jobs by name
	for _, t := range targets {
		j := job{Name: t.Job, BodyLimit: bodyLimit}
		if t.URL == nil {
			j.FileSD = []fileConfig{{Files: []string{t.File}, Refresh: "10s"}}
		} else {
			j.Scheme, j.Path, j.Params = t.URL.Scheme, t.URL.Path, t.URL.Query()
			j.Static = []staticConfig{{Targets: []string{t.URL.Host}, Labels: instanceLabel(t)}}
		}
		if i := slices.IndexFunc(all, func(other job) bool { return sameJob(other, j) }); i >= 0 {
			all[i].Static = append(all[i].Static, j.Static...)
			continue
		}
		if seen[t.Job]++; seen[t.Job] > 1 {
			// Job names are unique, but the label job can be set.
			j.Name = fmt.Sprintf("%s#%d", t.Job, seen[t.Job])
			for i := range j.Static {
				j.Static[i].Labels = map[string]string{"job": t.Job}
				maps.Copy(j.Static[i].Labels, instanceLabel(t))
			}
		}
		all = append(all, j)
	}
	return all
}

func instanceLabel(t Target) map[string]string {
	if t.Instance == "" {
		return nil
	}
	return map[string]string{"instance": t.Instance}
}

func sameJob(a, b job) bool {
	return a.Name == b.Name && a.Scheme == b.Scheme && a.Path == b.Path &&
		a.Params.Encode() == b.Params.Encode() && a.Static != nil && b.Static != nil
}

func alertmanagers(urls []string) ([]any, error) {
	var all []any
	for _, text := range urls {
		u, err := absolute(text)
		if err != nil {
			return nil, fmt.Errorf("--alertmanager: %w", err)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("--alertmanager: %q has more than a host and a path, which would be lost: put it in a prometheus.yml", redact.URL(text))
		}
		all = append(all, map[string]any{
			"scheme": u.Scheme, "path_prefix": u.Path,
			"static_configs": []staticConfig{{Targets: []string{u.Host}}},
		})
	}
	return all, nil
}

// receivers returns the entries of remote_write. User and password go in basic_auth, which
// Prometheus hides in its log and in /api/v1/status/config.
func receivers(urls []string) ([]any, error) {
	var all []any
	for i, text := range urls {
		u, err := absolute(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("--remote-write: %w", err)
		case u.Fragment != "":
			return nil, fmt.Errorf("--remote-write: %q has a fragment, which is never sent: remove the #", redact.URL(text))
		case slices.Contains(urls[:i], text):
			return nil, fmt.Errorf("--remote-write: %q is duplicated: remove one", redact.URL(text))
		}
		receiver := map[string]any{}
		if user := u.User; user != nil {
			password, _ := user.Password()
			receiver["basic_auth"] = map[string]string{"username": user.Username(), "password": password}
			u.User = nil
		}
		receiver["url"] = u.String()
		all = append(all, receiver)
	}
	return all, nil
}

// absolute parses the URL of a receiver. The error contains no password.
func absolute(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(u.Host, doctor.NoHost) || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is not a URL: it must look like http://host:port/path", redact.URL(text))
	}
	if err := checkPort(u); err != nil {
		return nil, fmt.Errorf("%q: %w", redact.URL(text), err)
	}
	return u, nil
}
