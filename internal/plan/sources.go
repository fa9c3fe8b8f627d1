package plan

// A Source is where a figure comes from.
type Source string

// The sources. Figures of engines are their own, as published; where an engine publishes none, the
// source says what is used instead.
const (
	// Measured by this project, with the commands in docs/scale.md.
	Measured Source = "measured: docs/scale.md"

	// The definition of a scrape: each series has a sample per scrape.
	Definition Source = "by definition: one sample per series and scrape"

	// "Prometheus stores an average of only 1-2 bytes per sample"; needed_disk_space =
	// retention_time_seconds * ingested_samples_per_second * bytes_per_sample.
	PrometheusStorage Source = "https://prometheus.io/docs/prometheus/latest/storage/#operational-aspects"

	// "As of Prometheus 2.20 a good rule of thumb should be around 3kB per series in the head", with
	// samples and remote write. Its author is a developer of Prometheus; its own documentation has no rule.
	PrometheusMemory Source = "https://www.robustperception.io/why-does-prometheus-use-so-much-ram/"

	// Receive "builds on top of existing Prometheus TSDB"; no figures. A maintainer: "Receiver is like
	// Prometheus, just even more CPU consuming because of replication and forwarding"
	// (https://github.com/thanos-io/thanos/issues/2982).
	ThanosReceive Source = "https://thanos.io/tip/components/receive.md/ (builds on Prometheus's TSDB, publishes no figures)"

	// "RAM size: less than 1KB per active time series", "a CPU core per 300K inserted data points per
	// second": README of early versions. Today's capacity planning has no figures per series; it
	// says to leave 50% of RAM and CPU and 20% of disk free, and that one node works with 1.5 million
	// samples per second and 50 million active series.
	VictoriaMetricsNode Source = "https://docs.victoriametrics.com/victoriametrics/single-server-victoriametrics/#capacity-planning; per series and core: the same section of the README of early versions; today it has none"

	// "Bytes Per Sample * Ingestion rate * Replication Factor * (Retention Period in Seconds +1
	// Retention Cycle(day or month)) * 1.25", about 1 byte per sample; the index "about 20%".
	VictoriaMetricsDisk Source = "https://docs.victoriametrics.com/guides/understand-your-setup-size/#retention-perioddisk-space"

	// Distributor, ingester, querier and so on, each with its figures; 50% more for peaks.
	MimirCapacity Source = "https://grafana.com/docs/mimir/latest/manage/run-production-environment/planning-capacity/"
)
