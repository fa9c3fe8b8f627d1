// Package rules writes the recording and alerting rules of tacho for any
// Prometheus from 2.42 on.
//
//	recording, err := rules.YAML(rules.Recording(rules.Options{}), rules.Means(rules.Options{}))
//	alerts, err := rules.YAML(rules.Alerts(rules.Options{}))
//
// The recording rules read the metrics of every known schema and record them
// under one set of names and labels, so that a page, an alert or a query is
// written once:
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
//	tacho:http_requests:rate_mean5m, tacho:http_request_duration_seconds_sum:rate_mean5m, tacho:job_http_requests:rate_mean5m
//	tacho:http_error_ratio:limit{job,path}
//	tacho:http_errors:min{job,path}
//	tacho:http_request_duration_seconds:limit{job,path}
//	tacho:http_requests:min{job,path}
//
// Rates are per second over [Options.Window], and quantiles (0.5, 0.95 and
// 0.99, in seconds) are of the requests in it: NaN where there were none, and
// the highest finite bound of the buckets where they lie beyond it. Quantiles
// cannot be averaged or added; compute others from the buckets. A schema
// without a request counter by route uses the count of its latency. If a series has
// no route, path is "unknown"; a label that the service does not have is missing.
// The means over five minutes have the labels of what they average, and serve ranges of days ([Means]).
// The last four are the limits that the alerts compare with, also without path for
// the service as a whole.
// Buckets are those of classic histograms. An unused schema costs one index lookup
// per rule.
//
// The alerts use the recorded metrics. Each is a file of this package and a page
// in docs/alerts.
package rules
