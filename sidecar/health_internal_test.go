package sidecar

import "testing"

// TestWithPort: an address without a port gets that of its scheme.
func TestWithPort(t *testing.T) {
	for host, want := range map[string]string{
		"shop": "shop:80", "shop:5000": "shop:5000", "127.0.0.1": "127.0.0.1:80", "[::1]": "[::1]:80", "[::1]:5000": "[::1]:5000",
	} {
		if got := withPort(host, "http"); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
