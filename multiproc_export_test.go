//go:build unix

package tacho

import (
	"time"

	"github.com/tacho-go/tacho/multiproc"
)

const PreforkPrefix = preforkPrefix

var SharedConfigStart = recipeStart

func (m *Meter) processes() *processes { return m.core.siblings.(*processes) }

// Leave ends this process's part.
func (m *Meter) Leave() { m.core.siblings.leave() }

// Cells returns what this process writes to, and Reader what reads all processes' files.
func (m *Meter) Cells() *multiproc.Cells { return m.processes().cells }

// Reader is described at Cells.
func (m *Meter) Reader() *multiproc.Reader { return m.processes().reader }

// Compact archives the files of ended processes, whatever their age.
func (m *Meter) Compact() error { return m.processes().compact(nil) }

// Wall returns the time by the Meter's clock.
func (m *Meter) Wall() time.Time { return m.core.wall() }

// SharedConfig returns the config that the Meter shares with other processes.
func (m *Meter) SharedConfig() (string, error) { return sharedConfig(m.core.opts) }

// MultiprocDir returns where processes share their counts, and Service what theirs is called.
func (o Options) MultiprocDir() string { return o.withDefaults().Multiproc.dir() }

// Service is described at MultiprocDir.
func (o Options) Service() string { return o.withDefaults().Multiproc.Service }

// Unshared reports why a Meter's counts are not shared.
func (o Options) Unshared(why error) { newCore(o.withDefaults()).unshared(why) }
