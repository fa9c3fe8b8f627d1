package main

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// period is a flag for long times, as Prometheus writes them: 15d, 2w, 36h.
type period time.Duration

// Set implements pflag.Value.
func (p *period) Set(text string) error {
	d, err := model.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("write a time such as 36h, 15d or 1y, not %q", text)
	}
	*p = period(d)
	return nil
}

// String implements pflag.Value.
func (p period) String() string { return model.Duration(p).String() }

// Type implements pflag.Value.
func (p *period) Type() string { return "period" }
