package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Sentence says in English what is wrong with a service, in one line: the worst finding, and how many
// more there are. Times are in the location loc.
func (s Service) Sentence(loc *time.Location) string {
	if len(s.Findings) == 0 {
		switch s.State {
		case Idle:
			return s.Job + " is healthy and has no requests."
		case Warning:
			return s.Job + " has recovered; still firing: " + strings.Join(s.Firing, ", ") + "."
		}
		return fmt.Sprintf("%s is healthy: %s requests/s, %s errors.", s.Job, number(s.Rate), percent(ratio(s.Errors, s.Rate)))
	}
	text := s.Findings[0].Sentence(loc)
	switch more := len(s.Findings) - 1; {
	case more == 1:
		text += " 1 more finding."
	case more > 1:
		text += fmt.Sprintf(" %d more findings.", more)
	}
	return text
}

// Sentence says in English what a finding is: subject, value, since when, after what.
func (f Finding) Sentence(loc *time.Location) string {
	var b strings.Builder
	b.WriteString(f.subject() + " " + f.claim())
	b.WriteString(f.place())
	b.WriteString(f.period(loc))
	if f.After != nil {
		b.WriteString(f.after())
	}
	return b.String() + "."
}

// subject is what the finding is about.
func (f Finding) subject() string {
	switch f.Kind {
	case Target:
		return f.Instance
	case Alert:
		return f.Alert
	}
	return strings.TrimSpace(f.Method + " " + f.Path)
}

// claim is what is wrong with it, or was.
func (f Finding) claim() string {
	over, value := !f.Until.IsZero(), f.Now
	if over {
		value = f.Worst
	}
	switch f.Kind {
	case Errors:
		return tense(over, "is failing", "was failing") + ": " + percent(value) + " errors" + f.was(percent)
	case Latency:
		return tense(over, "is slow", "was slow") + ": p95 " + seconds(value) + f.was(seconds)
	case Target:
		return tense(over, "is down", "was down")
	}
	return tense(over, "is firing", "was firing")
}

// was is the value before, if it is known and there was one.
func (f Finding) was(format func(float64) string) string {
	if f.Before == nil || *f.Before == 0 {
		return ""
	}
	return " (before: " + format(*f.Before) + ")"
}

func tense(over bool, present, past string) string {
	if over {
		return past
	}
	return present
}

// place is where the fault is, if that is not everywhere.
func (f Finding) place() string {
	if f.Where.Only == "" {
		return ""
	}
	return ", only on " + f.Where.Only
}

func (f Finding) period(loc *time.Location) string {
	since, word := f.Since.In(loc).Format(time.TimeOnly), " since "
	if f.AtLeast {
		word = " since before "
	}
	if f.Until.IsZero() {
		return word + since
	}
	return " from " + since + " to " + f.Until.In(loc).Format(time.TimeOnly)
}

func (f Finding) after() string {
	d := f.Since.Sub(f.After.At).Round(time.Second)
	when := ", " + d.String() + " after "
	if d <= 0 {
		when = ", at "
	}
	switch {
	case f.After.Kind == Deployment:
		return when + "the deployment of " + f.After.Version
	case f.After.Instance != "":
		return when + "a restart of " + f.After.Instance
	}
	return when + "a restart"
}

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// percent has as many digits as tell small ratios from none.
func percent(r float64) string {
	digits := 0
	if p := 100 * r; p > 0 && p < 10 {
		digits = 1
	}
	return strconv.FormatFloat(100*r, 'f', digits, 64) + "%"
}

// seconds has three significant digits.
func seconds(s float64) string {
	if s < 1 {
		return number(1000*s) + " ms"
	}
	return number(s) + " s"
}

// number has three significant digits, and no exponent.
func number(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	text := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
