package slo

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// A Ratio is a decimal from 0 to 1 with at most twelve places, exactly: 0.999 is not
// 0.9990000000000001. It counts units of 1e-12.
type Ratio int64

const one Ratio = 1e12

const ratioPlaces = 12

// ParseRatio reads a ratio above 0 and below 1, as 99.9% or 0.999.
func ParseRatio(text string) (Ratio, error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	return parseRatio(strings.TrimSpace(digits), percent, text)
}

// parsePercent reads a percentage without its sign, as Sloth and Pyrra write it.
func parsePercent(text string) (Ratio, error) { return parseRatio(text, true, text) }

func parseRatio(digits string, percent bool, text string) (Ratio, error) {
	places := ratioPlaces
	if percent {
		places -= 2
	}
	r, err := decimal(digits, places)
	if err != nil {
		return 0, fmt.Errorf("%q is not a target: %w", text, err)
	}
	if r <= 0 || r >= one {
		return 0, fmt.Errorf("a target is above 0%% and below 100%%, such as 99.9%%, not %s", text)
	}
	return r, nil
}

// decimal reads digits with at most so many places after the point, as an integer of the last.
func decimal(digits string, places int) (Ratio, error) {
	whole, fraction, _ := strings.Cut(digits, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > places {
		return 0, fmt.Errorf("it has more than %d places", places)
	}
	if strings.Trim(whole+fraction, "0123456789") != "" || whole+fraction == "" && !strings.Contains(digits, "0") {
		return 0, fmt.Errorf("write a number such as 99.9%% or 0.999")
	}
	n, err := strconv.ParseInt("0"+whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	return Ratio(n), err
}

// Budget is the part of the events that may be bad.
func (r Ratio) Budget() Ratio { return one - r }

// String writes the ratio as PromQL does: 0.999.
func (r Ratio) String() string { return text(big.NewRat(int64(r), int64(one))) }

// Percent writes the ratio as a percentage: 99.9%.
func (r Ratio) Percent() string { return text(big.NewRat(int64(r), int64(one)/100)) + "%" }

// factor is the burn rate at which a window spends a part of the period's budget: 14.4 for 2% of 30
// days in an hour.
func factor(part *big.Rat, period, window time.Duration) *big.Rat {
	return new(big.Rat).Mul(part, big.NewRat(int64(period), int64(window)))
}

// text writes a number exactly, or as the nearest float64 if its decimals do not end.
func text(r *big.Rat) string {
	if exact := r.FloatString(ratioPlaces); new(big.Rat).Sub(r, parsed(exact)).Sign() == 0 {
		if strings.Contains(exact, ".") {
			exact = strings.TrimRight(strings.TrimRight(exact, "0"), ".")
		}
		return exact
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func parsed(decimal string) *big.Rat {
	r, _ := new(big.Rat).SetString(decimal)
	return r
}
