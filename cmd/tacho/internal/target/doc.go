// Package target turns what a person types after "tacho serve" into what
// Prometheus scrapes: a URL, a port, host:port, a file of targets or a
// complete prometheus.yml.
package target
