package server

import "net/http"

// state is the lifecycle state of the server.
type state int32

func (s state) String() string { return [...]string{"starting", "ready", "stopping"}[s] }

const (
	starting state = iota
	ready
	stopping
)

// whenReady responds with 503 until the TSDB is open and the configuration is applied.
func (s *Server) whenReady(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if now := state(s.state.Load()); now != ready {
			s.notReady(w, now)
			return
		}
		next(w, r)
	}
}

func (s *Server) notReady(w http.ResponseWriter, now state) {
	w.Header().Set("Retry-After", "1")
	w.Header().Set("X-Tacho-State", now.String())
	http.Error(w, "service unavailable: the server is "+now.String(), http.StatusServiceUnavailable)
}
