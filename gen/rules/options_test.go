package rules_test

import (
	"time"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

// demo is what a demonstration asks for: one service, a scrape a second, and
// alerts within seconds.
var demo = rules.Options{
	Schemas: []schema.Schema{schema.Default()},
	Window:  10 * time.Second, Interval: time.Second, Speedup: 20,
	ErrorRatio: 0.02, MinErrors: 3, Latency: 250 * time.Millisecond, MinRequests: 10,
	RunbookURL: "http://127.0.0.1:9600/alerts/",
}
