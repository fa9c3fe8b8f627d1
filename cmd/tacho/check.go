package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// aboveZero names the first of the flags that is 0 or less. The packages below take 0 for
// their default, which nobody means who writes it.
func aboveZero(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		value := flags.Lookup(name).Value
		n, err := strconv.ParseInt(value.String(), 10, 64)
		p, isPeriod := value.(*period)
		if isPeriod {
			n, err = int64(*p), nil
		}
		switch {
		case err != nil || n <= 0:
			return fmt.Errorf("--%s %v: it must be above 0", name, value)
		case isPeriod && n < int64(time.Millisecond): // less is 0 to Prometheus
			return fmt.Errorf("--%s %v: it must be at least 1ms", name, value)
		}
	}
	return nil
}

// notEmpty names the first of the flags that has an empty value, as a variable has that was
// not filled in: an empty address or folder would be another one than the default.
func notEmpty(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if f := flags.Lookup(name); f.Value.String() == "" {
			return fmt.Errorf("--%s is empty: give a value, or leave it out for %s", name, f.DefValue)
		}
	}
	return nil
}

// kinds say what a value of a flag's type looks like.
var kinds = map[string]string{
	"bool":    "write true or false",
	"int":     "write a whole number",
	"float64": "write a number",
}

// wrongValue is why a flag does not take a value, in words of ours.
func wrongValue(f *pflag.Flag, err error) error {
	var invalid *pflag.InvalidValueError
	switch words := kinds[f.Value.Type()]; {
	case errors.Is(err, strconv.ErrRange):
		return errors.New("it is too large")
	case words != "":
		return errors.New(words)
	case errors.As(err, &invalid):
		return invalid.Unwrap()
	}
	return err
}

// scrapeInterval names an interval that Prometheus cannot write, or that nobody means.
func scrapeInterval(d time.Duration) error {
	switch {
	case d < time.Second:
		return fmt.Errorf("--interval %v: it must be at least 1s", period(d))
	case d > 24*time.Hour:
		return fmt.Errorf("--interval %v: it must be at most 1d", period(d))
	case d%time.Millisecond != 0:
		return fmt.Errorf("--interval %v: it must be whole milliseconds", d)
	}
	return nil
}
