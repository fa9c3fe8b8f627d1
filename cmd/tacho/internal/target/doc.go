// Package target parses the arguments of "tacho serve" into scrape targets: a URL, a
// port, host:port, a target file or a complete prometheus.yml.
package target
