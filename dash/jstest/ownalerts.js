// The expressions of tacho's own alerts, as gen/rules writes them: a test compares them with
// gen/rules/testdata/tacho.rules.yml where it can read that file.

/** @type {Record<string, string>} */
export const ownAlerts = {
  TachoErrorRatioHigh: `sum by (job, path) (sum_over_time(tacho:http_requests:rate{status=~"5..|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Timeout|HTTP Version Not Supported|Variant Also Negotiates|Insufficient Storage|Loop Detected|Not Extended|Network Authentication Required"}[5m]))
  / sum by (job, path) (sum_over_time(tacho:http_requests:rate[5m]))
  > 0.05
and
sum by (job, path) (sum_over_time(tacho:http_requests:rate{status=~"5..|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Timeout|HTTP Version Not Supported|Variant Also Negotiates|Insufficient Storage|Loop Detected|Not Extended|Network Authentication Required"}[5m])) * 15 >= 5`,
  TachoLatencyHigh: `histogram_quantile(0.95, sum by (job, path, le) (sum_over_time(tacho:http_request_duration_seconds_bucket:rate[5m])))
  >= 1
and
sum by (job, path) (sum_over_time(tacho:http_request_duration_seconds_bucket:rate{le="+Inf"}[5m])) * 15 >= 20`,
  TachoTrafficGone: `sum_over_time((tacho:job_http_requests:rate > bool 0)[1h:1m]) >= 30
unless on (job) tacho:job_http_requests:rate > 0
and on (job) max by (job) (up) == 1`,
  TachoScrapeFailing: `up == 0`,
  TachoPanics: `sum by (job, path) (
  (
    increase(http_request_panics_total{path!=""}[5m]) > 0
    or
    (http_request_panics_total{path!=""} > 0 unless http_request_panics_total{path!=""} offset 5m) and on (job, instance) up offset 5m == 1
  )
)
or
sum by (job, path) (label_replace(
  (
    increase(flask_http_request_exceptions_total[5m]) > 0
    or
    (flask_http_request_exceptions_total > 0 unless flask_http_request_exceptions_total offset 5m) and on (job, instance) up offset 5m == 1
  ), "path", "unknown", "path", ""))
or
sum by (job, path) (
  label_replace((
    increase(starlette_exceptions_total{path_template!=""}[5m]) > 0
    or
    (starlette_exceptions_total{path_template!=""} > 0 unless starlette_exceptions_total{path_template!=""} offset 5m) and on (job, instance) up offset 5m == 1
  ), "path", "$1", "path_template", "(.*)")
)
or
sum by (job, path) (
  label_replace((
    increase(django_http_exceptions_total_by_view_total{view!=""}[5m]) > 0
    or
    (django_http_exceptions_total_by_view_total{view!=""} > 0 unless django_http_exceptions_total_by_view_total{view!=""} offset 5m) and on (job, instance) up offset 5m == 1
  ), "path", "$1", "view", "(.*)")
)`,
  TachoRatesMissing: `(count by (job) (http_requests_total{path!="",status_code=""})
or count by (job) (flask_http_request_duration_seconds_count{path!=""})
or count by (job) (http_server_request_duration_seconds_count)
or count by (job) (gin_requests_total)
or count by (job) (gin_uri_request_total)
or count by (job) (gin_gonic_requests_total{path!=""})
or count by (job) (echo_requests_total)
or count by (job) (http_request_duration_seconds_count{status_code!="",handler="",route=""}) unless on (job) group by (job) (http_requests_total{path!="",status_code!=""})
or count by (job) (http_requests_total{path!="",status_code!=""})
or count by (job) (http_requests_total{route!="",path=""})
or count by (job) (http_requests_total{code!="",path="",route=""}) unless on (job) (group by (job) (http_request_duration_seconds_count{path!="",status_code=""} or http_request_duration_seconds_count{path!="",status_code!="",handler="",route=""} or http_request_duration_seconds_count{path!="",status_code!=""} or http_request_duration_seconds_count{route!="",path=""} or http_request_duration_seconds_count{handler!="",code="",path="",route=""}) unless on (job) group by (job) (http_requests_total{code!="",handler!="",path="",route=""} or http_request_duration_seconds_count{code!="",handler!="",path="",route="",status_code=""}))
or count by (job) (http_request_duration_seconds_count{code!="",path="",route="",status_code=""}) unless on (job) group by (job) (http_requests_total{code!="",path="",route=""})
or count by (job) (http_requests_total{handler!="",code="",path="",route=""})
or count by (job) (starlette_requests_total{path!=""})
or count by (job) (starlette_responses_total{path_template!=""})
or count by (job) (django_http_responses_total_by_status_view_method_total{view!=""})
or count by (job) (http_server_requests_seconds_count{uri!=""}))
unless on (job) tacho:job_http_requests:rate`,
  TachoSeriesBudgetSpent: `max by (job, metric) (tacho_series / tacho_series_limit) >= 1`,
  TachoStorageDamaged: `increase(prometheus_tsdb_wal_corruptions_total[1h]) > 0
or
prometheus_tsdb_wal_corruptions_total > 0 and on (job, instance) time() - process_start_time_seconds < 3600`,
  TachoStorageFull: `tacho_server_storage_full == 1
or
time() - max_over_time(timestamp(tacho_server_storage_full)[6h:1m]) > 120 unless on () time() - max(timestamp(up)) < 120`,
};
