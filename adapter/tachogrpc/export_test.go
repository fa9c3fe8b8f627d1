package tachogrpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// StatsHandler returns the handler that measures a server.
func (s *Server) StatsHandler() stats.Handler { return s.measures }

// Unary calls the interceptor for unary RPCs.
func Unary(h stats.Handler, ctx context.Context, serve grpc.UnaryHandler) (any, error) {
	return h.(*measures).unary(ctx, nil, nil, serve)
}
