package rpcshop

import (
	"net"
	"net/http"
)

// What the services on Connect have in common, which are handlers of net/http. Bidirectional streams need
// HTTP/2, here without TLS.

// Server returns what serves a handler until a listener is closed.
func Server(h http.Handler) func(net.Listener) error {
	return func(ln net.Listener) error {
		srv := &http.Server{Handler: h, Protocols: new(http.Protocols)}
		srv.Protocols.SetHTTP1(true)
		srv.Protocols.SetUnencryptedHTTP2(true)
		return srv.Serve(ln)
	}
}

// Transport returns the transport of a client.
func Transport() *http.Transport {
	t := &http.Transport{Protocols: new(http.Protocols)}
	t.Protocols.SetUnencryptedHTTP2(true)
	return t
}
