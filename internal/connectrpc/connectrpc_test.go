package connectrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// TestCode: errors of the standard library have the codes that Connect gives them.
func TestCode(t *testing.T) {
	for err, want := range map[error]uint32{
		nil:                              0,
		context.Canceled:                 1,
		fmt.Errorf("x: %w", os.ErrExist): 2,
		fmt.Errorf("x: %w", context.DeadlineExceeded): 4,
		os.ErrDeadlineExceeded:                        4,
	} {
		if got := Code(err); got != want {
			t.Errorf("%v has the code %d, want %d", err, got, want)
		}
	}
}

// TestOutcome: a deadline has passed for the client as well, a cancellation may have come too late.
func TestOutcome(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	passed, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for ctx, want := range map[context.Context]uint32{t.Context(): 5, canceled: 5, passed: 4} {
		if got := Outcome(ctx, 5); got != want {
			t.Errorf("with %v, the code is %d, want %d", ctx.Err(), got, want)
		}
	}
}

// TestSent: a stream ends with what ends it first, and only then.
func TestSent(t *testing.T) {
	failed := errors.New("failed")
	for _, row := range []struct {
		name   string
		single bool
		use    func(*Sent)
		want   string // "" while it goes on
	}{
		{"sent", false, func(s *Sent) { s.Send(nil) }, ""},
		{"the server has ended it", false, func(s *Sent) { s.Send(io.EOF) }, ""},
		{"a failed message", false, func(s *Sent) { s.Send(failed); s.Receive(io.EOF) }, "503"},
		{"a response of several", false, func(s *Sent) { s.Receive(nil) }, ""},
		{"the only response", true, func(s *Sent) { s.Receive(nil) }, "200"},
		{"its end", false, func(s *Sent) { s.Receive(fmt.Errorf("x: %w", io.EOF)); s.Receive(failed) }, "200"},
		{"an error in place of a response", true, func(s *Sent) { s.Receive(failed) }, "503"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			call := adapter.NewOutgoing(m, "search").Begin(t.Context(), "POST", "search")
			row.use(&Sent{Call: call, Code: func(error) uint32 { return 14 }, Single: row.single})
			text := httptest.NewRecorder()
			m.Metrics().ServeHTTP(text, httptest.NewRequest("GET", "/metrics", nil))
			ended := strings.Contains(text.Body.String(), "http_client_requests_total{")
			if want := row.want != ""; ended != want || want && !strings.Contains(text.Body.String(), `status="`+row.want+`"} 1`) {
				t.Errorf("ended %t, want status %q in\n%s", ended, row.want, text.Body)
			}
		})
	}
}
