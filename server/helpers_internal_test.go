package server

import (
	"log/slog"
	"net/http"
)

func nopLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (s *Server) handlerForTest() http.Handler { return s.http.Handler }
