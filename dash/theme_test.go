package dash_test

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// TestContrast computes WCAG's contrast of every text color on every background that
// it is used on, in both themes: AA requires 4.5 for text, and 3 for marks.
func TestContrast(t *testing.T) {
	texts := map[string][]string{
		"bg":          {"text", "text-2", "text-3", "accent", "bad", "warn", "good", "deploy"},
		"surface":     {"text", "text-2", "text-3", "accent", "bad", "warn", "good", "deploy"},
		"sunken":      {"text", "text-2", "text-3"},
		"raised":      {"text", "text-2", "text-3", "accent"},
		"accent-soft": {"text", "accent"},
		"accent":      {"on-accent"},
		"bad-soft":    {"text", "text-2", "bad"},
		"warn-soft":   {"text", "text-2", "warn"},
		"good-soft":   {"good"},
		"deploy-soft": {"deploy"},
	}
	css := files(t)["theme.css"]
	for theme, index := range map[string]int{"light": 0, "dark": 1} {
		for ground, names := range texts {
			for _, name := range names {
				if c := contrast(color(t, css, name, index), color(t, css, ground, index)); c < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", theme, name, ground, c)
				}
			}
		}
		// Marks and the borders of controls are no text: 3 suffices.
		for _, name := range []string{"bad-mark", "warn-mark", "good-mark", "edge", "deploy"} {
			if c := contrast(color(t, css, name, index), color(t, css, "surface", index)); c < 3 {
				t.Errorf("%s: %s on the surface has a contrast of %.2f, want 3", theme, name, c)
			}
		}
	}
}

// color returns a custom property of the theme, of the light one or the dark, as
// red, green and blue of 255.
func color(t *testing.T, css, name string, theme int) (rgb [3]float64) {
	t.Helper()
	m := regexp.MustCompile(`--` + name + `: light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);`).FindStringSubmatch(css)
	if m == nil {
		t.Fatalf("theme.css does not define --%s", name)
	}
	n, err := strconv.ParseUint(m[1+theme], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return [3]float64{float64(n >> 16), float64(n >> 8 & 0xff), float64(n & 0xff)}
}

// contrast is the ratio of two colors' luminance (WCAG 2.2, relative luminance).
func contrast(a, b [3]float64) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(rgb [3]float64) (sum float64) {
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		c := rgb[i] / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
