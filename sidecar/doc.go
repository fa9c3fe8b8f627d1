// Package sidecar measures a service without touching it: a reverse proxy that records what package
// tacho records, under the same names, and passes everything else through unchanged.
//
//	p, err := sidecar.New(sidecar.Options{
//		Upstreams: []sidecar.Upstream{{URL: "http://127.0.0.1:5000"}},
//	})
//	if err != nil {
//		return err
//	}
//	go http.ListenAndServe("127.0.0.1:9465", p.Admin())
//	return p.Serve(ctx, listener)
//
// HTTP/1.1, HTTP/2, h2c and gRPC with trailers, WebSocket, server-sent events, 100-continue and
// chunked bodies pass in both directions. docs/sidecar.md lists what is normalized or rejected.
//
// # Metrics
//
// The library's own (package tacho), and:
//
//	tacho_proxy_overhead_seconds                            histogram
//	tacho_proxy_queue_seconds                               histogram
//	tacho_proxy_queued_requests                             gauge
//	tacho_proxy_client_errors_total{cause}                  counter
//	tacho_proxy_upstream_connect_seconds{upstream}          histogram
//	tacho_proxy_upstream_response_seconds{upstream}         histogram
//	tacho_proxy_upstream_errors_total{upstream,cause}       counter
//	tacho_proxy_upstream_retries_total{upstream}            counter
//	tacho_proxy_upstream_up{upstream}                       gauge
//	tacho_proxy_tunnels                                     gauge
//
// # Routes
//
// The route of a request comes from Options.Routes, the templates of a list, or else is learned
// from the paths of served requests (package routes).
//
// The package imports the standard library, client_golang, and tacho. It must not depend on the
// server.
package sidecar
