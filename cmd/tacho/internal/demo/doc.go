// Package demo is the simulation behind `tacho demo`: a small shop, its customers,
// incidents, and a generated history.
//
//	d, err := demo.New(demo.Options{Dir: dir}) // opens the ports
//	err = d.WriteHistory(data)                 // before the TSDB opens data
//	… d.Targets() and d.FlaskFile() go into the scrape configuration
//	err = d.Run(ctx)                           // serves until ctx is done
//
// The shop is one Gin service in two instances, a and b, each an HTTP server
// with a port of its own on the loopback interface. Its routes are those of the
// Gin tutorial (/ and /api), those of the three-routes tutorial, and orders,
// which wait for a payment service; the others wait for a database. Where
// Python has Flask and Gunicorn, the Flask tutorial's app joins in as a second
// service.
//
// The events are a table in script.go. The routes with their latencies and failures are
// a table in routes.go, used by the running shop and by the history. Options.Seed
// determines all random numbers.
package demo
