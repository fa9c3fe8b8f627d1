package sidecar

import (
	"io"
	"sync"
)

// tunnels are the tunnels that are open. A server does not wait for connections that were taken
// over, so that the proxy ends them itself.
type tunnels struct {
	mu   sync.Mutex
	open map[io.Closer]io.Closer // the upstream's side by the client's
	wait sync.WaitGroup
}

func (t *tunnels) add(client, upstream io.Closer) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[io.Closer]io.Closer{}
	}
	t.open[client] = upstream
	t.wait.Add(1)
	return func() {
		t.mu.Lock()
		delete(t.open, client)
		t.mu.Unlock()
		t.wait.Done()
	}
}

// close closes all tunnels.
func (t *tunnels) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for client, upstream := range t.open {
		_ = client.Close()
		_ = upstream.Close()
	}
}

// drained returns a channel that is closed when no tunnel is open.
func (t *tunnels) drained() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		t.wait.Wait()
		close(done)
	}()
	return done
}
