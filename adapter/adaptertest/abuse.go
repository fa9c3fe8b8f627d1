package adaptertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/tacho-go/tacho"
)

// abuses is how many random values of each kind are sent.
const abuses = 300

// abuseCase sends what scanners, attackers and broken clients send, all to one service.
var abuseCase = Case{
	Name: "abuse",
	Rule: "300 random paths, methods, Hosts and ids, not in UTF-8 and one of 25 kB, are at most one label set each; every request is answered, a panic is a 500, no size is negative, and the endpoint answers.",
	Check: func(l *Lab) error {
		p, err := l.start(App{Recovery: RecoveryOutside, Routes: []Route{
			{Path: users, Do: answer(200, "ok")},
			{Path: "/none", Do: func(c Call) { c.WriteHeader(204) }},
			{Path: "/panic", Do: func(Call) { panic("adaptertest: on purpose") }},
		}}, tacho.Options{})
		if err != nil {
			return err
		}
		if err := errors.Join(p.abuse(rand.New(rand.NewPCG(1, 2))), p.want("/none", 204), p.want("/panic", 500)); err != nil {
			return err
		}
		s, err := p.settled(4*abuses + 3)
		if err != nil {
			return err
		}
		return errors.Join(p.bounded(s), p.settles(requestsKey("GET", l.label("/panic"), 500), 1), p.exposes())
	},
}

// abuse sends the random requests.
func (p *Probe) abuse(random *rand.Rand) error {
	requests := []struct {
		what string
		text func() string
		want int // 0: any but an error of the server's own
	}{
		{"a random path", func() string { return request("GET", "/"+randomText(random), "x") }, 404},
		{"a random method", func() string { return request("X"+letters(random, 12), "/users/1", "x") }, 0},
		{"a random Host", func() string { return request("GET", "/users/1", letters(random, 20)+".example") }, 200},
		{"a random id", func() string { return request("GET", "/users/"+randomText(random), "x") }, 200},
	}
	for _, r := range requests {
		for range abuses {
			if err := p.answered(r.what, r.text(), r.want); err != nil {
				return err
			}
		}
	}
	return p.answered("a Host of 25 kB", request("GET", "/users/1", longText(25_000)), 200)
}

func (p *Probe) answered(what, text string, want int) error {
	status, err := p.raw(text)
	if err == nil && (want == 0 && status >= 500 && status != http.StatusNotImplemented || want != 0 && status != p.lab.status(want)) {
		err = fmt.Errorf("it was answered %d", status)
	}
	if err != nil {
		return fmt.Errorf("%s: %.100q: %w", what, text, err)
	}
	return nil
}

// bounded checks the label sets that have requests, and the sizes.
func (p *Probe) bounded(s samples) error {
	const kinds = 5 // the users, unmatched paths, unknown methods, the panic and the 204
	sets := 0
	for key, value := range s {
		name, _, _ := strings.Cut(key, "{")
		if name == "http_requests_total" && value > 0 {
			sets++
		}
		if value < 0 {
			return fmt.Errorf("%s is %v", key, value)
		}
	}
	if sets > kinds {
		return fmt.Errorf("%d label sets have requests, at most %d may:\n%s", sets, kinds, s.about("http_requests_total"))
	}
	return nil
}

// exposes checks that the endpoint still answers, in UTF-8.
func (p *Probe) exposes() error {
	_, text, err := p.do("GET", "/metrics", "")
	if err == nil && (!strings.Contains(text, "http_requests_total") || !utf8.ValidString(text)) {
		err = fmt.Errorf("/metrics answers\n%.500q", text)
	}
	return err
}

// randomText is a segment of a path: letters, and escaped bytes that are hardly ever UTF-8.
func randomText(random *rand.Rand) string {
	var b strings.Builder
	b.WriteString(letters(random, 8))
	for range 1 + random.IntN(8) {
		fmt.Fprintf(&b, "%%%02X", 0x80+random.IntN(0x80))
	}
	return b.String()
}

func letters(random *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'A' + byte(random.IntN(26))
	}
	return string(b)
}
