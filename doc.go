// Package tacho is a tachometer for web services: it records the rate, errors, duration and
// saturation of every HTTP request, and exports them to Prometheus.
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
// Package schema defines these names as data, and those of prometheus-flask-exporter, OpenTelemetry
// and other libraries. Options.AlsoSchemas exports several schemas at once.
//
// # Your own metrics
//
// [Meter.Counter], [Meter.Gauge], [Meter.Histogram] and [Meter.Summary] make metrics for single
// routes. [NewCounter], [NewGauge] and [NewHistogram] make metrics of your business, with a struct
// for their labels. The endpoint also serves any client_golang metric on [Meter.Registerer].
// [Meter.Transport] measures outgoing requests, [Database] measures connection pools.
//
// # Labels
//
// path is the template of the route (/users/{id}), never the path that a client sent. It is
// "unmatched" if the router found no route, and "unknown" if there is no router that reports one.
// method is a known method or "OTHER". status is the status that was sent: 500 for a panic, 499 if
// the client disconnected before a status was written. Client headers such as Host never become
// labels. Each metric has a limit of label sets (Options.SeriesLimit); values beyond it are
// recorded as "__overflow__".
//
// # Frameworks
//
// [Meter.Handler] measures net/http. Packages below adapter/ measure frameworks. Use package
// adapter to write an adapter, or for a router such as chi or gorilla/mux.
package tacho
