// Package adapter connects a web or RPC framework to a [tacho.Meter]. It is for authors of
// adapters. Services do not need it; they use an existing adapter such as tachogin, or
// Meter.Handler on net/http.
//
// An adapter reports events, and tacho decides what to record. How to write one depends on the
// framework:
//
//   - A net/http router that reports the matched route: call [Middleware] with a function that
//     returns the route. No other code is needed.
//   - A framework on net/http with its own context and response writer (Gin, Echo): add a [Layer]
//     to its middleware chain with [Layer.EnterHTTP].
//   - A framework without net/http (Fiber, Hertz, gRPC, Connect): add a [Layer] to its chain with
//     [Layer.Enter]. On fasthttp, a [FastHTTP] describes the request and ends the call.
//   - A framework without a chain, or with an unusual one: use an [Exchange] directly.
//
// Each way is correct if it passes the suite in adapter/adaptertest. The suite drives a real
// service over real connections, and each case explains the rule that it checks.
//
// # A layer
//
// [Measure], [Track], [DoNotTrack] and [ExcludeAll] return layers. An adapter needs only one
// function that turns a Layer into its framework's middleware. For each request the middleware
//
//  1. enters the layer with [Layer.EnterHTTP] or [Layer.Enter]. If the call is nil, there is
//     nothing to do: serve the request.
//  2. serves the handlers with the call's Request or Context;
//  3. calls [Call.Leave] from a deferred function, with the matched route, the status, the sizes,
//     and the result of recover().
//
// Between entering and leaving, on net/http, a response writer reports to the exchange that
// EnterHTTP returned. If the framework accepts an http.ResponseWriter as its writer (Echo), use
// [Exchange.Watch]. If it has a writer interface of its own (Gin), embed a [Watcher] in your own
// writer. Otherwise, report to [Call.Exchange]: Secure for TLS, Flushed for streams, SetCode for
// the outcome of an RPC.
//
// A [Stack] in the framework's context lets layers find each other without allocating, even if a
// handler dispatches its request again.
//
// # What differs between frameworks
//
// An error handler that runs after the middleware (Echo, Fiber) determines the status. It must run
// before Leave: call it in the middleware and return no error, leave the call in a wrapper around
// the error handler, or detach the call (see below).
//
// A framework that reuses the memory of its strings (fasthttp) needs nothing special: strings
// passed to Enter and Leave must be valid until Leave returns, and tacho copies what it keeps. Only
// [Exchange.SetTemplate] and the route of EnterHTTP require a string that never changes.
//
// If a framework's context is not canceled when the client disconnects, pass context.Background.
// Its requests are then never recorded as 499.
//
// A framework may send a response after its handlers have returned: fasthttp and Hertz read the
// body from a stream then. End such a call with [Call.Detach] instead of Leave, and have the
// framework send a [Detached.Body]: duration, size and in-flight gauges end when the framework has
// read it or closes it. The same works without a body, for a connection that was taken over, or for an error
// handler that runs later: call [Detached.End] from whatever the framework does at the end.
//
// The outcome of an RPC is a code. [Exchange.SetCode] records the HTTP status that google.rpc.Code
// assigns to it, and keeps the code for labels (Request.Code). An RPC with an unknown method has
// the route [tacho.Unmatched], because clients choose its name. [Outgoing] records what a client of
// the framework sends.
//
// # An exchange
//
// A [Layer] makes these calls itself. Without a Layer, the order is
//
//	rec := adapter.Of(m) // once, when the adapter is set up
//	rec.Join()           // once for each middleware
//
//	if x := rec.Enclosing(w, ctx); x != nil { … x.SetRoute(template), and serve … }
//	var x adapter.Exchange
//	if !rec.Begin(&x, method, path) { … serve, and report nothing … }
//	x.Secure()                      // over TLS
//	x.Carry(carrier)                // for labels that read the request
//	ctx = x.Link(ctx)               // if rec.Nested()
//	w = x.Watch(ctx, w)             // or report WroteHeader, Wrote, Flushed and Hijack
//	… serve …
//	x.Settle(ctx, status, recover()) // in a deferred function
//	x.SetTemplate(template)          // after the router has decided
//	rec.End(&x)                      // and panic again, if there was a panic
//
// # Setting up
//
// [SetUp] makes the Meter and its endpoint for an adapter's Use function, logs routes that were
// registered too early, and exports the others at zero before their first request. [SetUpAnytime]
// is for routers whose middleware runs for all routes.
package adapter
