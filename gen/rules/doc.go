// Package rules generates tacho's recording and alerting rules for Prometheus 2.42 and later.
//
//	recording, err := rules.YAML(rules.Recording(rules.Options{}))
//	alerts, err := rules.YAML(rules.Alerts(rules.Options{}))
//
// The recording rules read the metrics of every known schema and record them under common names
// and labels, so that a page, an alert or a query is written once:
//
//	tacho:http_requests:rate{job,method,path,status,schema}
//	tacho:http_request_duration_seconds_bucket:rate{job,method,path,le,schema}
//	tacho:http_request_duration_seconds_sum:rate{job,method,path,schema}
//	tacho:http_request_duration_seconds:quantile{job,method,path,quantile,schema}
//	tacho:http_requests_in_flight:sum{job,schema}
//	tacho:job_http_requests:rate{job}
//	tacho:job_http_requests_by_status:rate{job,status,schema}
//	tacho:job_http_request_duration_seconds_bucket:rate{job,le,schema}
//	tacho:job_http_request_duration_seconds:quantile{job,quantile,schema}
//
// Rates are per second over [Options.Window]. Quantiles (0.5, 0.95 and 0.99, in seconds) are
// over the same requests: NaN without requests, and the highest finite bound if they lie above
// it. Quantiles cannot be averaged or added; compute others from the buckets. For a schema
// without a request counter by route, the count of its latency is used. The path is "unknown" if
// the service reports no route; a label that the service does not have is missing. Buckets are
// those of classic histograms. A schema that no service uses costs one index lookup per rule.
//
// The alerts use the recorded metrics. Each has a file in this package and a page in
// docs/alerts.
//
// The command tacho and generators of configuration may import this package. It depends on
// schema and Prometheus's rule types, and must not import the root package or server.
package rules
