package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// aboveZero returns an error for the first of the flags that is 0 or less. The packages
// below replace 0 by their default, which is not what an explicit 0 means.
func aboveZero(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		value := flags.Lookup(name).Value
		n, err := strconv.ParseFloat(value.String(), 64)
		p, isPeriod := value.(*period)
		if isPeriod {
			n, err = float64(*p), nil
		}
		if b, isSize := value.(*byteSize); isSize {
			n, err = float64(*b), nil
		}
		switch {
		case err != nil || !(n > 0): // also NaN
			return fmt.Errorf("--%s %v: it must be above 0", name, value)
		case isPeriod && n < float64(time.Millisecond): // Prometheus rounds less to 0
			return fmt.Errorf("--%s %v: it must be at least 1ms", name, value)
		}
	}
	return nil
}

// notEmpty returns an error for the first of the flags that has an empty value, for example
// from an unset variable in a script. An empty address or directory is not the default.
func notEmpty(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if f := flags.Lookup(name); f.Value.String() == "" {
			return fmt.Errorf("--%s is empty: set a value, or omit the flag to use %s", name, f.DefValue)
		}
	}
	return nil
}

// kinds describes the valid values of each type of flag.
var kinds = map[string]string{
	"bool":    "write true or false",
	"int":     "write a whole number",
	"float64": "write a number",
}

// wrongValue explains why a flag rejects a value, in plainer words than strconv's.
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

// scrapeInterval returns an error for an interval that Prometheus cannot express, or that
// is out of a useful range.
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
