package expiry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tacho-go/tacho/internal/expiry"
)

func TestOn(t *testing.T) {
	type key struct{}
	closed := make(chan struct{})
	ctx := expiry.On(context.WithValue(t.Context(), key{}, "v"), closed)
	if ctx.Err() != nil || ctx.Value(key{}) != "v" {
		t.Errorf("before: %v, %v", ctx.Err(), ctx.Value(key{}))
	}
	close(closed)
	<-ctx.Done()
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("after: %v", ctx.Err())
	}
	child, cancel := context.WithCancel(ctx)
	defer cancel()
	<-child.Done()
	if !errors.Is(child.Err(), context.DeadlineExceeded) {
		t.Errorf("a child: %v", child.Err())
	}
}
