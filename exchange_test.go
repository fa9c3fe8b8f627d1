package tacho

import "github.com/tacho-go/tacho/internal/engine"

// What tests of the library report to it, as adapters do.

type Exchange = engine.Exchange

func (m *Meter) Begin(x *Exchange, method, path string) bool { return m.engine.Begin(x, method, path) }
func (m *Meter) End(x *Exchange)                             { m.engine.End(x) }
func (m *Meter) Join()                                       { m.engine.Join() }
func (m *Meter) Expect(method, template string)              { m.store.Expect(method, template) }

func asItIs(s string) string { return s }
