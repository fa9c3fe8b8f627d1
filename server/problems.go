package server

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/scrape"

	"github.com/tacho-go/tacho/internal/scrapeerror"
)

// ProblemMetric explains why a target is down, for its alert. It is 1 for each such
// target. The labels target_job and target_instance name the target, cause is an
// identifier, and text and text_zh describe the problem and the fix, in English and Chinese.
const ProblemMetric = "tacho_target_problem"

// maxProblems limits the series: if more targets are down, they share a cause.
const maxProblems = 1000

// problems collects ProblemMetric.
type problems struct {
	server *Server
	desc   *prometheus.Desc
}

func newProblems(s *Server) problems {
	return problems{s, prometheus.NewDesc(ProblemMetric,
		"1 for each target whose last scrape failed, with the cause and how to fix it.",
		[]string{"target_job", "target_instance", "cause", "text", "text_zh"}, nil)}
}

// Describe implements prometheus.Collector.
func (p problems) Describe(to chan<- *prometheus.Desc) { to <- p.desc }

// Collect implements prometheus.Collector.
func (p problems) Collect(to chan<- prometheus.Metric) {
	told := map[[2]string]bool{} // several targets may have the same labels
	for _, pool := range p.server.scraper.TargetsActive() {
		for _, t := range pool {
			key := [2]string{t.GetValue(model.JobLabel), t.GetValue(model.InstanceLabel)}
			if t.Health() != scrape.HealthBad || told[key] || len(told) == maxProblems {
				continue
			}
			told[key] = true
			cause, english, chinese := p.server.explain(t)
			to <- prometheus.MustNewConstMetric(p.desc, prometheus.GaugeValue, 1, key[0], key[1], cause, english, chinese)
		}
	}
}

// explain describes the problem of a target. The fix refers to the configuration file,
// or to the command line if there is no file.
func (s *Server) explain(t *scrape.Target) (cause, english, chinese string) {
	err := t.LastError()
	if err == nil {
		return "", "", ""
	}
	timeout, _ := model.ParseDuration(t.GetValue(model.ScrapeTimeoutLabel))
	setting := scrapeerror.Arguments
	if s.opts.ConfigFile != "" {
		setting = scrapeerror.Config
	}
	e := scrapeerror.Explain(err.Error(), scrapeerror.Target{URL: t.URL().String(), Timeout: time.Duration(timeout)})
	return e.Cause, shortened(e.Text(setting, scrapeerror.English)), shortened(e.Text(setting, scrapeerror.Chinese))
}

func shortened(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxProblemBytes)], "")
}

// maxProblemBytes limits the text: an error may quote a response.
const maxProblemBytes = 800
