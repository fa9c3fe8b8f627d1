package labelvalue_test

import (
	"strings"
	"testing"

	"github.com/tacho-go/tacho/internal/labelvalue"
)

func TestLimiter(t *testing.T) {
	long := strings.Repeat("x", labelvalue.MaxBytes)
	for name, test := range map[string]struct {
		declared []string
		most     int
		in, want []string
		beyond   uint64
	}{
		"declared":     {[]string{"a", "b"}, 0, []string{"a", "c", "b", "other", ""}, []string{"a", "other", "b", "other", "other"}, 0},
		"at most two":  {nil, 2, []string{"a", "b", "c", "a", "c"}, []string{"a", "b", "__overflow__", "a", "__overflow__"}, 2},
		"cut":          {nil, 1, []string{long + "1", long + "2"}, []string{long, long}, 0},
		"empty counts": {nil, 1, []string{"", "a", ""}, []string{"", "__overflow__", ""}, 1},
	} {
		l := labelvalue.NewLimiter("x", test.declared, test.most)
		for i, raw := range test.in {
			if got := l.Value(raw); got != test.want[i] {
				t.Errorf("%s: %q became %q, want %q", name, raw, got, test.want[i])
			}
		}
		if got := l.Overflowed.Load(); got != test.beyond {
			t.Errorf("%s: %d values were beyond the limit, want %d", name, got, test.beyond)
		}
	}
}
