//go:build !race

package sidecar_test

import (
	"net/http"
	"testing"
)

// TestAllocations: a request through the proxy allocates less than through ReverseProxy, whose transport needs more
// than the metrics. The service and the client of both are the same.
func TestAllocations(t *testing.T) {
	service := startService(t, http.HandlerFunc(benchService))
	of := func(address string) float64 {
		c := dialClient(t, address)
		defer c.Close()
		return testing.AllocsPerRun(2000, func() { c.get(t) })
	}
	const fewer = 8
	if bare, proxy := of(serveBare(t, service)), of(serveProxy(t, service)); proxy > bare-fewer {
		t.Errorf("a request allocates %v times, and %v times through ReverseProxy: at least %d fewer are expected", proxy, bare, fewer)
	}
}
