// Package server is Prometheus as a library: discovery, scraping, the TSDB,
// PromQL, rules, alert notification, remote write and read, and Prometheus's
// HTTP API, built from Prometheus's packages and run in one process.
//
//	s, err := server.New(server.Options{Config: yaml, DataDir: "data"})
//	if err != nil { … }                  // invalid configuration, port in use, directory not writable
//	fmt.Println(s.URL())                 // the port is already bound
//	err = s.Run(ctx)                     // until ctx is done; shuts down cleanly
//
// The configuration is an unmodified Prometheus file. Prometheus's flags are fields
// of [Options], with defaults for a single machine. The metrics on /metrics have
// Prometheus's names; the metrics of this package begin with tacho_server_.
//
// docs/durability.md describes what happens to the data when the process is killed,
// the disk is full or a file is damaged. docs/design/003-embedded-prometheus.md
// explains the design.
package server
