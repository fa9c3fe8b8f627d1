package main

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/pflag"
)

// period is a flag for durations in the format of Prometheus (15d, 2w, 1h30m) or of Go
// (1.5s).
type period time.Duration

// periodVar registers a flag for a duration.
func periodVar(flags *pflag.FlagSet, p *time.Duration, name string, value time.Duration, usage string) {
	*p = value
	flags.Var((*period)(p), name, usage)
}

// Set implements pflag.Value.
func (p *period) Set(text string) error {
	if d, err := model.ParseDuration(text); err == nil {
		*p = period(d)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("write a time such as 500ms, 15s, 36h or 15d, not %q", text)
	}
	*p = period(d)
	return nil
}

// String implements pflag.Value. The help omits a default of "0".
func (p period) String() string {
	switch d := time.Duration(p); {
	case d == 0:
		return "0"
	case d < 0 || d%time.Millisecond != 0: // which Prometheus cannot write
		return d.String()
	}
	return model.Duration(p).String()
}

// Type implements pflag.Value.
func (p *period) Type() string { return "duration" }
