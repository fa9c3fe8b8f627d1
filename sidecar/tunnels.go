package sidecar

import (
	"context"
	"io"
	"sync"
)

// tunnels are the tunnels that are open. A server does not wait for connections that were taken
// over, so that the proxy ends them itself.
type tunnels struct {
	mu    sync.Mutex
	open  map[io.Closer]io.Closer // the upstream's side by the client's
	empty chan struct{}           // closed when there are none, for drain
	over  bool                    // new ones are closed at once
}

func (t *tunnels) add(client, upstream io.Closer) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[io.Closer]io.Closer{}
	}
	t.open[client] = upstream
	if t.over {
		t.closeAll()
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, client)
		t.notify()
	}
}

// notify tells drain that there are no tunnels.
func (t *tunnels) notify() {
	if t.empty != nil && len(t.open) == 0 {
		close(t.empty)
		t.empty = nil
	}
}

// closeAll closes all tunnels. Those who copy them notice.
func (t *tunnels) closeAll() {
	for client, upstream := range t.open {
		_ = client.Close()
		_ = upstream.Close()
	}
}

// drain waits until there are no tunnels, or closes them when the context ends.
func (t *tunnels) drain(ctx context.Context) {
	empty := make(chan struct{})
	t.mu.Lock()
	t.empty = empty
	t.notify()
	t.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.closeAll()
}
