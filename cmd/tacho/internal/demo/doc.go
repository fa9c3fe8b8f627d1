// Package demo is the made-up world that `tacho demo` shows: a small shop to
// measure, customers who use it, things that go wrong, and a past.
//
//	d, err := demo.New(demo.Options{Dir: dir}) // opens the ports
//	err = d.WriteHistory(data)                 // before the TSDB opens data
//	… d.Targets() and d.FlaskFile() go into the scrape configuration
//	err = d.Run(ctx)                           // serves until ctx ends
//
// The shop is one Gin service in two instances, a and b, each an HTTP server
// with a port of its own on the loopback interface. Its routes are those of the
// Gin tutorial (/ and /api), those of the three-routes tutorial, and orders,
// which wait for a payment service; the others wait for a database. Where
// Python has Flask and Gunicorn, the Flask tutorial's app joins in as a second
// service.
//
// What happens, and when, is one table: script.go. What a request costs is
// another, and both the running shop and its seeded past are made from it:
// routes.go. Chance comes from Options.Seed, time from Options.
package demo
