// Package http1 sends requests to one HTTP/1.1 service, on the goroutine of the caller.
//
// net/http's Transport has two goroutines per connection, and a third one to connect. Each request and response
// passes between them and the caller's, which costs a proxy a fifth of its CPU time. Here the caller's goroutine
// connects, writes and reads. Only a request with a body has another goroutine, because its response may begin
// before the body ends. net/http writes the requests and parses the responses.
package http1
