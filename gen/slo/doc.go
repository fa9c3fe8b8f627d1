// Package slo turns service level objectives into recording rules, alerts on their error budgets, and
// tests of both for promtool.
//
//	objective, err := slo.Parse("shop: 99.9% of POST /orders below 300ms over 30d")
//	groups, err := slo.Rules(slo.Options{}, objective)
//	file, err := rules.YAML(groups...)
//
// Objectives are written in tacho's short form ([Parse]), or read from files of OpenSLO (openslo/v1),
// Sloth (prometheus/v1) and Pyrra (pyrra.dev/v1alpha1) with [Read]. A field that cannot be honored is
// an error with its line.
//
// # What is recorded
//
//	tacho:slo_objective:ratio{slo,job,kind,method,path,below,window}  the target, with what it covers
//	tacho:slo_events:rate{slo,job}                 requests per second
//	tacho:slo_bad_events:rate{slo,job}             failed or slow requests per second
//	tacho:slo_events:sum{slo,job,window}           requests within the window
//	tacho:slo_bad_events:sum{slo,job,window}       failed or slow requests within the window
//	tacho:slo_burn_rate:ratio{slo,job,window}      1 spends the budget in exactly the period; 0 when idle
//	tacho:slo_burn_rate:limit{slo,job,window,short,severity}  the burn rate above which an alert fires
//	tacho:slo_error_budget:ratio{slo,job,window}   the part of the period's budget that is left
//
// Everything is a sum of events: a quiet hour counts for its own requests only, and time without
// requests spends nothing. Windows of up to an hour are read from the service's own counters, so
// that an alert fires as soon as these allow; longer ones sum up the recorded events of each minute,
// two series per objective however many routes and instances it covers.
//
// # What burns
//
// Availability: requests that failed in the server (status 5xx, and gRPC codes such as UNAVAILABLE).
// Latency: requests that took longer than the limit; failed requests are left out where the latency
// has a status, since availability counts them. Requests whose client disconnected (499) count in
// neither. tacho observes the time to first byte of streams, so a long stream is not slow.
package slo
