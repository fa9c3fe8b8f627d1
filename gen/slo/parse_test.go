package slo_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/gen/slo"
)

func ratio(t *testing.T, text string) slo.Ratio {
	t.Helper()
	r, err := slo.ParseRatio(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParse(t *testing.T) {
	day := 24 * time.Hour
	for text, want := range map[string]slo.Objective{
		"shop: 99.5% available": {Name: "shop-availability", Service: "shop", Target: ratio(t, "0.995"), Period: 30 * day, HTTP: &slo.HTTP{}},
		"shop: 99.9% of POST /orders below 300ms over 30d": {
			Name: "shop-post-orders-latency", Service: "shop", Target: ratio(t, "99.9%"), Period: 30 * day,
			HTTP: &slo.HTTP{Method: "POST", Route: "/orders", Below: 300 * time.Millisecond},
		},
		"shop: 0.99 of GET available over 1w as gets": {Name: "gets", Service: "shop", Target: ratio(t, "99%"), Period: 7 * day, HTTP: &slo.HTTP{Method: "GET"}},
		`"my shop:1" {tenant="a,}b", zone="x"}: 99% of "/a b" below 1.5s`: {
			Name: "my-shop-1-a-b-x-a-b-latency", Service: "my shop:1", Target: ratio(t, "99%"), Period: 30 * day,
			HTTP: &slo.HTTP{Route: "/a b", Below: 1500 * time.Millisecond, Matchers: []slo.Matcher{{"tenant", "a,}b"}, {"zone", "x"}}},
		},
		"rpc: 99.95% of /shop.Shop/Buy available": {
			Name: "rpc-shop.shop-buy-availability", Service: "rpc", Target: ratio(t, "99.95%"), Period: 30 * day, HTTP: &slo.HTTP{Route: "/shop.Shop/Buy"},
		},
		"shop: 99.5 % available":                  {Name: "shop-availability", Service: "shop", Target: ratio(t, "0.995"), Period: 30 * day, HTTP: &slo.HTTP{}},
		"shop: 99% of GET /users/:id available":   {Name: "shop-get-users-id-availability", Service: "shop", Target: ratio(t, "99%"), Period: 30 * day, HTTP: &slo.HTTP{Method: "GET", Route: "/users/:id"}},
		"shop: 99% of /users/{id} below 250ms":    {Name: "shop-users-id-latency", Service: "shop", Target: ratio(t, "99%"), Period: 30 * day, HTTP: &slo.HTTP{Route: "/users/{id}", Below: 250 * time.Millisecond}},
		"shop: 99% of GET /{id}:action available": {Name: "shop-get-id-action-availability", Service: "shop", Target: ratio(t, "99%"), Period: 30 * day, HTTP: &slo.HTTP{Method: "GET", Route: "/{id}:action"}},
	} {
		got, err := slo.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v %+v\nwant %+v %+v", text, got, got.HTTP, want, want.HTTP)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "the service is missing",
		": 99% available":                    "the service is missing",
		"shop 99% available":                 "the colon after the service is missing",
		"shop: 100% available":               "above 0% and below 100%",
		"shop: 0% available":                 "above 0% and below 100%",
		"shop: 99,9% available":              "write a number such as 99.9%",
		"shop: 99.99999999999% available":    "more than 10 places",
		"shop: 99%":                          "it promises nothing",
		"shop: 99% of available":             "a method, a route or both are missing",
		"shop: 99% available below 1s":       `"below" is one clause too many`,
		"shop: 99% below":                    "write a duration above 0",
		"shop: 99% below -1s":                "write a duration above 0",
		"shop: 99% available over 1h":        "the period must be from 1d to 366d, not 1h",
		"shop: 99% available over 400d":      "the period must be from 1d to 366d, not 400d",
		"shop: 99% of GET /a /b available":   `"/b" is one word too many`,
		"shop: 99% fast":                     `"fast" is not expected`,
		`shop{job="a"}: 99% available`:       "the label job is the service",
		`shop{tenant=a}: 99% available`:      "write labels as",
		`shop{tenant="a": 99% available`:     "is not closed",
		"shop: 99% available as a/b":         `the name "a/b" must consist of`,
		"shop: 99% available as":             "the name is missing",
		"shop: 99.9 available":               "the target 99.9 lacks its sign: write 99.9%",
		"localhost:8080: 99.5% available":    `quote a service with a colon, as in '"localhost:8080": 99.5% available'`,
		"shop: 99% of /orders, below 1s":     `"/orders," ends in a comma`,
		"shop: 99% of post /orders below 1s": `"post" is no method: write it in upper case`,
		`shop{a="x",a="y"}: 99% available`:   "a is there twice",
	} {
		if _, err := slo.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestExact: decimals are those that were written.
func TestExact(t *testing.T) {
	for text, want := range map[string][3]string{
		"99.9%": {"0.999", "99.9%", "0.001"}, "99.95%": {"0.9995", "99.95%", "0.0005"}, "0.9999": {"0.9999", "99.99%", "0.0001"}, "99.999%": {"0.99999", "99.999%", "0.00001"},
		"50%": {"0.5", "50%", "0.5"}, "90.0%": {"0.9", "90%", "0.1"},
	} {
		r := ratio(t, text)
		if got := [3]string{r.String(), r.Percent(), r.Budget().String()}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range short {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := slo.Parse(text)
		if err != nil {
			return
		}
		if _, err := slo.Rules(one, o); err != nil && !strings.Contains(err.Error(), "no schema") {
			t.Errorf("%q is accepted, but %v", text, err)
		}
	})
}
