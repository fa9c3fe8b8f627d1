package metertest

import "github.com/prometheus/client_golang/prometheus"

// Broken returns a collector that describes one metric and collects as it is told.
func Broken(name string, collect func(*prometheus.Desc, chan<- prometheus.Metric)) prometheus.Collector {
	d := prometheus.NewDesc(name, "Broken.", nil, nil)
	return brokenCollector{d, func(ch chan<- prometheus.Metric) { collect(d, ch) }}
}

// Collectors that do what they must not.
type brokenCollector struct {
	desc    *prometheus.Desc
	collect func(chan<- prometheus.Metric)
}

func (b brokenCollector) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }
func (b brokenCollector) Collect(ch chan<- prometheus.Metric) { b.collect(ch) }
