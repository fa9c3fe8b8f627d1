// Package routefinder finds the route of a request that its router does not report: with a copy of
// the router, whose handlers do nothing but report their own templates.
package routefinder

import (
	"sync"

	"github.com/tacho-go/tacho"
)

// A Context is the context of a request. A *fasthttp.RequestCtx is one.
type Context interface {
	UserValue(key any) any
	SetUserValue(key, value any)
}

// A Finder asks the copy of a router. It reuses its requests, and is safe for concurrent use.
type Finder[C Context] struct {
	New func() C // makes an empty context

	lookups sync.Pool
}

// A lookup is one request to the copy.
type lookup[C Context] struct {
	request C
	answer  answer
}

type answer struct{ route string }

type answerKey struct{}

// Find returns the template that a handler reports while ask sends a request to the copy, or
// tacho.Unmatched if none does.
func (f *Finder[C]) Find(ask func(C)) string {
	l, ok := f.lookups.Get().(*lookup[C])
	if !ok {
		l = &lookup[C]{request: f.New()}
		l.request.SetUserValue(answerKey{}, &l.answer)
	}
	defer f.lookups.Put(l)
	l.answer.route = tacho.Unmatched
	ask(l.request)
	return l.answer.route
}

// Report is what the copy's handlers call.
func Report(c Context, template string) {
	c.UserValue(answerKey{}).(*answer).route = template
}
