package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime"
)

// An experiment answers one question with one or more tables.
type experiment struct {
	name   string
	about  string
	rounds int // by default
	run    func(*lab) error
}

func experiments() []experiment {
	return []experiment{
		{"requests", "what measuring a request costs", 40, requests},
		{"rpcs", "what measuring an RPC costs", 20, rpcs},
		{"cores", "whether that cost holds on more cores", 20, cores},
		{"scrapes", "what a scrape of the metrics endpoint costs", 5, scrapes},
		{"heap", "memory per label set", 3, heap},
		{"latency", "how a scrape affects requests over real connections", 4, latency},
	}
}

func find(name string) (experiment, bool) {
	for _, e := range experiments() {
		if e.name == name {
			return e, true
		}
	}
	return experiment{}, false
}

// A lab runs experiments: it has their options and their output.
type lab struct {
	ctx    context.Context
	out    io.Writer
	rounds int // 0: the experiment's own
	filter *regexp.Regexp
	big    bool
}

// times returns how many rounds the named experiment runs.
func (l *lab) times(name string) int {
	e, _ := find(name)
	return cmp.Or(l.rounds, e.rounds)
}

// preface prints the Go version, the platform and the number of CPUs.
func (l *lab) preface() {
	fmt.Fprintf(l.out, "%s %s/%s, %d CPUs.\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

func (l *lab) title(format string, args ...any) {
	fmt.Fprintf(l.out, "\n## "+format+"\n\n", args...)
}

func (l *lab) note(format string, args ...any) {
	fmt.Fprintf(l.out, format+"\n\n", args...)
}
