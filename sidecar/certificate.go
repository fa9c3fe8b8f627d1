package sidecar

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A certificate is read again when its files change, at most once a second. A pair that is not
// valid, as while it is being replaced, does not take effect.
type certificate struct {
	file, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	checked time.Time
	version [2]fileVersion
}

type fileVersion struct {
	modified time.Time
	size     int64
}

func newCertificate(file, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{file: file, key: key, log: log}
	c.version = c.versions()
	pair, err := tls.LoadX509KeyPair(file, key)
	if err != nil {
		return nil, fmt.Errorf("sidecar: Options.Certificate: %w", err)
	}
	c.current, c.checked = &pair, time.Now()
	return c, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= time.Second {
		c.checked = now
		c.refresh()
	}
	return c.current, nil
}

func (c *certificate) refresh() {
	version := c.versions()
	if version == c.version {
		return
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	if err != nil {
		c.log.Warn("tacho: cannot use the new certificate; the previous one stays in use", "file", c.file, "reason", err)
		return
	}
	c.version, c.current = version, &pair
	c.log.Info("tacho: the certificate was replaced", "file", c.file)
}

func (c *certificate) versions() (all [2]fileVersion) {
	for i, name := range []string{c.file, c.key} {
		if info, err := os.Stat(name); err == nil {
			all[i] = fileVersion{info.ModTime(), info.Size()}
		}
	}
	return all
}
