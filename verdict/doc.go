// Package verdict computes what is wrong with services, from PromQL results alone: which routes fail
// or are slow, which targets are down, how much now and before, since when, on which instances, and
// after which deployment or restart.
//
//	e := verdict.New(verdict.API{URL: "http://127.0.0.1:9090"}, verdict.Options{})
//	v, err := e.Round(ctx, time.Now())
//	for _, s := range v.Services {
//		fmt.Println(s.Job, s.State, s.Findings)
//	}
//
// It reads the series that the rules of gen/rules record, and the service's own metrics for what the
// recorded ones do not have: the instances. It states only what it found: an event precedes a
// finding; it is never called its cause.
//
// Anything that has a Querier may use it: the server, the page, the command line. It depends on
// package schema and the standard library only, and must not depend on a TSDB.
package verdict
