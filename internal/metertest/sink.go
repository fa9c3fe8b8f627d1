package metertest

import "net/http"

// A Sink is a ResponseWriter that costs nothing.
type Sink struct{ header http.Header }

// NewSink returns one without headers.
func NewSink() *Sink { return &Sink{http.Header{}} }

func (s *Sink) Header() http.Header         { return s.header }
func (s *Sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *Sink) WriteHeader(int)             {}
