package tachogin

import (
	"net/http"
	"reflect"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
)

// A stack leads from Gin's Context to the writers of its request, whatever other
// middlewares have put in their place.
//
// Engine.HandleContext, which dispatches a request again, resets everything in
// a Context that could lead there: the writer, the keys, the route. It keeps the
// memory of Errors, as Gin itself does from one request to the next. So the stack
// stands there, behind the errors that a request may have, and costs a request
// neither an allocation nor a lock.
//
// Gin uses a Context again for other requests, and so does the stack its writers.
type stack struct{ top, spare *writer }

// writer returns a spare writer, or a new one.
func (s *stack) writer() *writer {
	w := s.spare
	if w == nil {
		w = new(writer)
		w.reports = &w.exchange
		return w
	}
	s.spare = w.outer
	return w
}

// takeBack keeps a writer for another request. Nothing else may refer to it.
func (s *stack) takeBack(w *writer) { w.outer, s.spare = s.spare, w }

// errorsRoom is how many errors a Context has room for before append gives it
// other memory. The stack is in the last place.
const errorsRoom = 32

func stackOf(c *gin.Context) *stack {
	if n := cap(c.Errors); n >= errorsRoom {
		if last := c.Errors[:n][n-1]; last != nil {
			if s, ok := last.Meta.(*stack); ok {
				return s
			}
		}
	}
	r := new(room)
	r.mark.Meta = &r.stack
	r.errors[errorsRoom-1] = &r.mark
	c.Errors = append(r.errors[:0], c.Errors...)
	return &r.stack
}

// A room is what a Context is given for its first request.
type room struct {
	stack  stack
	mark   gin.Error
	errors [errorsRoom]*gin.Error
}

func (s *stack) push(w *writer) { w.stack, w.outer, s.top = s, s.top, w }

// pop takes a writer off its stack.
func (w *writer) pop() { w.stack.top = w.outer }

// find returns the innermost writer of a Meter that is of one of these uses. Most
// stacks are empty, which shows without a call.
func (s *stack) find(m *tacho.Meter, uses use) *writer {
	if s.top == nil {
		return nil
	}
	return s.search(m, uses)
}

func (s *stack) search(m *tacho.Meter, uses use) *writer {
	for w := s.top; w != nil; w = w.outer {
		if w.use&uses != 0 && w.exchange.Of(m) {
			return w
		}
	}
	return nil
}

// A use says what a writer is for.
type use int

const (
	measuring use = 1 << iota // by Middleware
	tracking                  // by Track, where nobody measures
	marked                    // by DoNotTrack or ExcludeAll, where nobody does either
	excluded                  // by Middleware, of a request that is not measured
)

// An ending remembers the type of the server's own writer, behind which there is
// no other one. That spares most requests the look for an exchange around them.
type ending struct{ writer atomic.Pointer[reflect.Type] }

func (e *ending) at(w gin.ResponseWriter) bool {
	u, ok := w.(interface{ Unwrap() http.ResponseWriter })
	if !ok {
		return false
	}
	inner := u.Unwrap()
	if known := e.writer.Load(); known != nil && *known == reflect.TypeOf(inner) {
		return true
	}
	return e.learn(inner)
}

func (e *ending) learn(w http.ResponseWriter) bool {
	if _, goesOn := w.(interface{ Unwrap() http.ResponseWriter }); goesOn {
		return false
	}
	if e.writer.Load() == nil { // one is enough: most connections are of one kind
		t := reflect.TypeOf(w)
		e.writer.Store(&t)
	}
	return true
}
