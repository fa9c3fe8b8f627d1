// Package server is Prometheus as a library: discovery, scraping, the TSDB,
// PromQL, rules, alert notification, remote write and read, and Prometheus's
// own HTTP API, put together from Prometheus's packages and run in one process.
//
//	s, err := server.New(server.Options{Config: yaml, DataDir: "data"})
//	if err != nil { … }                  // bad configuration, port taken, folder not writable
//	fmt.Println(s.URL())                 // the port is bound already
//	err = s.Run(ctx)                     // until ctx ends; stops in order
//
// The configuration is Prometheus's file, unchanged. What Prometheus sets by
// flags has a default here that suits one machine, see [Options]. The names
// of the metrics on /metrics are Prometheus's own; what this package adds
// begins with tacho_server_.
//
// What happens to the data at a kill, a full disk or a damaged file is in
// docs/durability.md; the choices behind the composition are in
// docs/design/003-embedded-prometheus.md.
package server
