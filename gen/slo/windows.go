package slo

import (
	"math/big"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/gen/rules"
)

const day = 24 * time.Hour

// A Pair is two windows that must both burn too fast for an alert. The long one decides how much of
// the budget is spent; the short one ends the alert soon after the burning ends.
type Pair struct {
	Severity    string // rules.Critical pages, rules.Warning opens a ticket
	Long, Short time.Duration
	Spent       *big.Rat // the part of the period's budget that is spent in Long when it fires
}

// Factor is the burn rate above which both windows fire, for objectives over a period.
func (p Pair) Factor(period time.Duration) *big.Rat { return factor(p.Spent, period, p.Long) }

func percent(hundredths, of int64) *big.Rat { return big.NewRat(hundredths, 100*of) }

// workbook are the windows of the SRE workbook's chapter "Alerting on SLOs", table 5-8, with its second
// ticket row split in two as Sloth and Pyrra do: for 30 days the factors are 14.4, 6, 3 and 1.
var workbook = []Pair{
	{rules.Critical, time.Hour, 5 * time.Minute, percent(2, 1)},
	{rules.Critical, 6 * time.Hour, 30 * time.Minute, percent(5, 1)},
	{rules.Warning, day, 2 * time.Hour, percent(10, 1)},
	{rules.Warning, 3 * day, 6 * time.Hour, percent(10, 1)},
}

// week are the windows for about seven days: more of the budget must be spent, so that the factors
// stay as far apart.
var week = []Pair{
	{rules.Critical, time.Hour, 5 * time.Minute, percent(8, 1)},
	{rules.Critical, 6 * time.Hour, 30 * time.Minute, percent(25, 2)},
	{rules.Warning, day, 2 * time.Hour, percent(20, 1)},
	{rules.Warning, 3 * day, 6 * time.Hour, percent(42, 1)},
}

// workbookPeriod is the period for which the workbook states its windows.
const workbookPeriod = 30 * day

// pairs are the windows for a period. Below a week those of the workbook shrink with the period, but
// not below what the scrapes can fill.
func (o Options) pairs(period time.Duration, job string) []Pair {
	switch {
	case period >= 14*day:
		return widened(workbook, o.base(job))
	case period >= 7*day:
		return widened(week, o.base(job))
	}
	scaled := make([]Pair, len(workbook))
	for i, p := range workbook {
		p.Long, p.Short = shrunk(p.Long, period), shrunk(p.Short, period)
		scaled[i] = p
	}
	return widened(scaled, o.base(job))
}

// shrunk scales a window of the workbook to a period, rounded to seconds.
func shrunk(window, period time.Duration) time.Duration {
	return time.Duration(float64(window) * (float64(period) / float64(workbookPeriod))).Round(time.Second)
}

// widened gives each window at least the length for which scrapes have a rate.
func widened(pairs []Pair, shortest time.Duration) []Pair {
	all := make([]Pair, len(pairs))
	for i, p := range pairs {
		p.Short = max(p.Short, shortest)
		p.Long = max(p.Long, 4*p.Short)
		all[i] = p
	}
	return all
}

// windowText is a duration as PromQL writes it, without weeks: 30d and 28d, not 4w.
func windowText(d time.Duration) string {
	if d >= day && d%day == 0 {
		return text(big.NewRat(int64(d/day), 1)) + "d"
	}
	return model.Duration(d).String()
}
