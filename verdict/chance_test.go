package verdict

import "testing"

func TestIsMore(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		failures, all, limit float64
		want                 bool
	}{
		{"five of ninety may be chance", 5, 90, .05, false},
		{"twenty of ninety are not", 20, 90, .05, true},
		{"all of five", 5, 5, .05, true},
		{"one of one", 1, 1, .05, false},
		{"6% of many", 600, 10000, .05, true},
		{"5.2% of many", 520, 10000, .05, false},
		{"none at all", 0, 0, .05, false},
	} {
		if got := isMore(tt.failures, tt.all, tt.limit); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
