package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// settings configure a measurement.
type settings struct {
	span     time.Duration // of the measurement, after the warm-up
	warmUp   time.Duration
	targets  int
	series   int // of one target
	routes   int // of one target that is a service with tacho's library, instead of series
	interval time.Duration
	rules    bool
	start    bool
	agent    bool
	counts   []int // of targets, for the agents' cost curve
	size     int64 // bytes of data to start with
	rounds   int   // how often each program is started
	dir      string
	tacho    string // the program to measure, or empty for that of bin/test
}

// setCounts is the flag --instances.
func (s *settings) setCounts(text string) error {
	s.counts = nil
	for _, field := range strings.Split(text, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return fmt.Errorf("write numbers of targets with commas between them, such as 1,10,100, not %q", text)
		}
		s.counts = append(s.counts, n)
	}
	return nil
}

// each describes a target.
func (s settings) each() string {
	if s.routes > 0 {
		return fmt.Sprintf("a service with %d routes and four statuses", s.routes)
	}
	return fmt.Sprintf("%d series", s.series)
}
