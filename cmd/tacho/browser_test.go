package main

import "testing"

// TestBrowserCommand: a browser is opened where there is a screen, and only
// there.
func TestBrowserCommand(t *testing.T) {
	for _, tt := range []struct{ system, screen, want string }{
		{"linux", "", ""}, // a server, a container, ssh
		{"linux", "DISPLAY", "xdg-open"},
		{"freebsd", "WAYLAND_DISPLAY", "xdg-open"},
		{"darwin", "", "open"},
		{"windows", "", "rundll32"},
	} {
		got, _ := browserCommand(tt.system, func(name string) string {
			if name == tt.screen {
				return ":0"
			}
			return ""
		})
		if got != tt.want {
			t.Errorf("on %s with %q: %q; want %q", tt.system, tt.screen, got, tt.want)
		}
	}
}
