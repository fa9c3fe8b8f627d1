// Package adapter is what authors of adapters call: it connects a web or RPC framework to
// a [tacho.Meter]. The authors of services never need it; they use a ready adapter such as
// tachogin, or Meter.Handler on net/http.
//
// An adapter reports what happens, and tacho decides what to record. Which way to choose
// depends on the framework:
//
//   - It is a router of net/http that reports which route it has matched: call
//     [Middleware] with a function that returns the route. That is the whole adapter.
//   - It is built on net/http, with a context and a response writer of its own (Gin, Echo):
//     put a [Layer] into its chain by [Layer.EnterHTTP].
//   - It is not built on net/http (Fiber, Hertz, gRPC, Connect): put a [Layer] into its
//     chain by [Layer.Enter].
//   - It has no chain, or an unusual one: drive an [Exchange] yourself.
//
// Every way is right if it passes the suite in adapter/adaptertest. The suite drives a
// real service over real connections, and each case explains the rule that it checks.
//
// # A layer
//
// [Measure], [Track], [DoNotTrack] and [ExcludeAll] are layers: an adapter writes one
// function that turns a Layer into its framework's middleware, and has all four. For each
// request the middleware
//
//  1. enters the layer with what the framework knows: [Layer.EnterHTTP] or [Layer.Enter].
//     No call means that there is nothing to do; serve the request.
//  2. serves the handlers with the call's Request or Context;
//  3. calls [Call.Leave] from a deferred function, with the route that the router has
//     matched by then, the status, the sizes, and what recover() returned.
//
// In between, on net/http, a response writer reports to the exchange that EnterHTTP
// returned. A framework that lets its writer be replaced by an http.ResponseWriter (Echo)
// gets one from [Exchange.Watch]. One with an interface of its own (Gin) embeds a
// [Watcher] in a writer of its own. Elsewhere report to [Call.Exchange]: Secure for TLS,
// Flushed for streams, SetCode for the outcome of an RPC.
//
// A [Stack] in the framework's context lets layers find each other without allocating,
// also when a handler dispatches its request again.
//
// # What differs between frameworks
//
// An error handler that runs after the middleware (Echo, Fiber) decides on the status. Let
// it run before Leave: call it in the middleware and return no error, or leave the call in
// a wrapper around the error handler.
//
// A framework that reuses the memory of its strings (fasthttp) needs nothing special:
// what Enter and Leave get must be valid until Leave returns, and what is kept is copied.
// Only [Exchange.SetTemplate] and the route of EnterHTTP want a string that never changes.
//
// A framework without a context that is canceled when the client leaves passes
// context.Background. Its requests are then never recorded as 499.
//
// The outcome of an RPC is a code. [Exchange.SetCode] records the HTTP status that
// google.rpc.Code gives for it, and keeps the code for labels (Request.Code). An RPC whose
// method does not exist has the route [tacho.Unmatched]: clients choose its name.
//
// # An exchange
//
// A [Layer] calls these itself. Without it, the order is
//
//	rec := adapter.Of(m) // once, when the adapter is set up
//	rec.Join()           // once for each middleware
//
//	if x := rec.Enclosing(w, ctx); x != nil { … x.SetRoute(template), and serve … }
//	var x adapter.Exchange
//	if !rec.Begin(&x, method, path) { … serve, and report nothing … }
//	x.Secure()                      // over TLS
//	x.Carry(carrier)                // for labels that look at the request
//	ctx = x.Link(ctx)               // if rec.Nested()
//	w = x.Watch(ctx, w)             // or report WroteHeader, Wrote, Flushed and Hijack
//	… serve …
//	x.Settle(ctx, status, recover()) // in a deferred function
//	x.SetTemplate(template)          // now the router has decided
//	rec.End(&x)                      // and panic again, if there was a panic
//
// # Setting up
//
// [SetUp] makes the Meter and its endpoint for an adapter's Use function, lists routes
// that were registered too early, and shows the others at zero before their first request.
package adapter
