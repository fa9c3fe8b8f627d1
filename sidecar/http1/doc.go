// Package http1 sends requests to one HTTP/1.1 service, on the goroutine of the caller.
//
// net/http's Transport gives each connection two goroutines, and a third one that connects. A request goes to one
// of them and its response comes back from another: these switches cost more than the request itself. Here the
// caller's goroutine connects, writes, and reads. Only a request with a body has another one, because its response
// may begin before the body ends. Requests and responses are written and parsed by net/http.
package http1
