//go:build !race

package sidecar_test

import (
	"net/http"
	"testing"
)

// TestAllocations: what the proxy adds to ReverseProxy's allocations for a request. The service and the
// client of both are the same.
func TestAllocations(t *testing.T) {
	service := startService(t, http.HandlerFunc(benchService))
	of := func(address string) float64 {
		c := dialClient(t, address)
		defer c.Close()
		return testing.AllocsPerRun(2000, func() { c.get(t) })
	}
	const most = 5
	if bare, proxy := of(serveBare(t, service)), of(serveProxy(t, service)); proxy > bare+most {
		t.Errorf("a request allocates %v times, and %v times through ReverseProxy: at most %d more are expected", proxy, bare, most)
	}
}
