package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/config"
)

// Retention limits how long and how many samples are kept. 0 means no limit.
type Retention struct {
	For     time.Duration
	Bytes   int64   // of all blocks
	Percent float64 // of the file system, by all blocks
}

// Retention returns the retention of the current configuration. Its default is that of
// the options.
func (s *Server) Retention() Retention {
	r := s.config().StorageConfig.TSDBConfig.Retention
	return Retention{time.Duration(r.Time), int64(r.Size), float64(r.Percentage)}
}

// retentionText formats the retention for the API.
func retentionText(c *config.Config) string {
	r := c.StorageConfig.TSDBConfig.Retention
	var limits []string
	if r.Time > 0 {
		limits = append(limits, r.Time.String())
	}
	if r.Size > 0 {
		limits = append(limits, r.Size.String())
	}
	if r.Percentage > 0 {
		limits = append(limits, fmt.Sprintf("%g%%", r.Percentage))
	}
	return strings.Join(limits, " or ")
}
