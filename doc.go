// Package tacho is a tachometer for web services: it records the rate, errors,
// duration and saturation of every HTTP request, and lets Prometheus read them.
//
//	m := tacho.MustNew(tacho.Options{})
//	mux := http.NewServeMux()
//	mux.HandleFunc("GET /users/{id}", getUser)
//	mux.Handle("GET /metrics", m.Metrics())
//	http.ListenAndServe("127.0.0.1:8080", m.Handler(mux))
//
// # Metrics
//
//	http_requests_total{method,path,status}            counter
//	http_request_duration_seconds{method,path,status}  histogram
//	http_requests_in_flight                            gauge
//	http_request_size_bytes{method,path}               histogram
//	http_response_size_bytes{method,path}              histogram
//	http_request_panics_total{method,path}             counter
//	http_stream_duration_seconds{method,path}          histogram
//	http_streams_in_flight                             gauge
//
// Other names are data: package schema has those of prometheus-flask-exporter,
// OpenTelemetry and other libraries, and Options.AlsoSchemas exports several at
// once.
//
// # Your own metrics
//
// [Meter.Counter], [Meter.Gauge], [Meter.Histogram] and [Meter.Summary] make
// metrics that are put on single routes. [NewCounter], [NewGauge] and
// [NewHistogram] make those of the business, with a struct for their labels; any
// client_golang metric on [Meter.Registerer] appears beside them.
// [Meter.Transport] measures outgoing requests, [Database] pools.
//
// # Labels
//
// path is the template of the route (/users/{id}), never the path that a client
// has sent: "unmatched" if the router found no route, "unknown" if no router is
// in sight. method is one of the known methods or "OTHER". status is what was
// really sent; 500 for a panic, 499 if the client hung up before a status was
// written. Client headers such as Host are never labels. Each metric has a
// limit of label sets (Options.SeriesLimit); what goes beyond it is recorded as
// "__overflow__".
//
// # Frameworks
//
// [Meter.Handler] measures net/http. Packages below adapter/ measure frameworks. Package
// adapter is for whoever writes one, or uses a router such as chi or gorilla/mux.
package tacho
