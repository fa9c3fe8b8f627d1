package server

import (
	"log/slog"
	"net/http"
)

func nopLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (s *Server) handlerForTest() http.Handler { return s.http.Handler }

// ReplaceForTest is Reload without the try-out before it: parts refuse the
// configuration while it is applied.
func (s *Server) ReplaceForTest() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	next, err := s.load()
	if err != nil {
		return err
	}
	return s.replace(next)
}
