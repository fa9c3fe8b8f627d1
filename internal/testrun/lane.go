package main

import (
	"errors"
	"io"
	"slices"
	"sync"
)

// A lane is a sequence of commands.
type lane [][]string

// split returns the lanes, which --beside separates, with their commands, which follow a "--" each.
func split(words []string) (lanes []lane) {
	for _, w := range words {
		switch {
		case w == "--beside", w == "--" && len(lanes) == 0:
			lanes = append(lanes, lane{nil})
		case len(lanes) == 0:
		case w == "--":
			last := &lanes[len(lanes)-1]
			*last = append(*last, nil)
		default:
			last := lanes[len(lanes)-1]
			last[len(last)-1] = append(last[len(last)-1], w)
		}
	}
	for i := range lanes {
		lanes[i] = slices.DeleteFunc(lanes[i], func(c []string) bool { return len(c) == 0 })
	}
	return slices.DeleteFunc(lanes, func(l lane) bool { return len(l) == 0 })
}

// lanes runs all lanes and waits for them.
func (r *report) lanes(lanes []lane, dir string, log io.Writer) error {
	errs := make([]error, len(lanes))
	var all sync.WaitGroup
	for i, l := range lanes {
		all.Go(func() {
			for _, c := range l {
				if errs[i] = r.command(c, dir, log); errs[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
