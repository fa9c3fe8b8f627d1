package adapter

import "sync"

// FastHTTPRequests has the requests that an adapter for a framework on fasthttp is serving: a T for
// each of them, which embeds a [FastHTTP]. It keeps them among fasthttp's user values, and reuses
// them. The zero value is ready to use. It is safe for concurrent use.
type FastHTTPRequests[T any, P interface {
	*T
	fastHTTP() *FastHTTP
}] struct{ spare sync.Pool }

func (f *FastHTTP) fastHTTP() *FastHTTP { return f }

// Of returns the T of a request, and whether this is the first layer that asks for it. The first
// layer has to call FastHTTP.Begin now, and Release in the end.
func (q *FastHTTPRequests[T, P]) Of(raw FastHTTPContext) (r P, first bool) {
	if r, ok := raw.UserValue(q).(P); ok {
		return r, false
	}
	r, ok := q.spare.Get().(P)
	if !ok {
		r = new(T)
	}
	raw.SetUserValue(q, r)
	return r, true
}

// Serving returns the T of a request if a layer has asked for it, otherwise nil.
func (q *FastHTTPRequests[T, P]) Serving(raw FastHTTPContext) P {
	r, _ := raw.UserValue(q).(P)
	return r
}

// Release is the end of the layer that was first. If a handler still runs, because of a timeout, the
// T is not reused, and stays where inner layers find it.
func (q *FastHTTPRequests[T, P]) Release(r P) {
	f := r.fastHTTP()
	if f.TimedOut != nil {
		return
	}
	f.End()
	if f.Raw.RemoveUserValue(q); !f.Kept {
		q.spare.Put(r)
	}
}
