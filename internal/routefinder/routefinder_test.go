package routefinder

import (
	"sync"
	"testing"

	"github.com/tacho-go/tacho"
)

type context map[any]any

func (c context) UserValue(key any) any       { return c[key] }
func (c context) SetUserValue(key, value any) { c[key] = value }

// TestFind: the route is the one that was reported for this very request, and none is left over from
// the one before.
func TestFind(t *testing.T) {
	f := Finder[context]{New: func() context { return context{} }}
	var clients sync.WaitGroup
	for _, route := range []string{"/users/:id", "/orders/:id"} {
		clients.Go(func() {
			for range 1000 {
				if got := f.Find(func(c context) { Report(c, route) }); got != route {
					t.Errorf("found %q, want %q", got, route)
				}
				if got := f.Find(func(context) {}); got != tacho.Unmatched {
					t.Errorf("found %q where no handler reports", got)
				}
			}
		})
	}
	clients.Wait()
}
