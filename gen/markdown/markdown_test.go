package markdown_test

import (
	"testing"

	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/gen/markdown"
	"github.com/tacho-go/tacho/schema"
)

func TestPage(t *testing.T) {
	got := string(markdown.Page("shop", live.Registry{
		{Name: "orders_total", Kind: schema.Counter, Help: "Orders | placed\nby <kind>.", Labels: []string{"kind"}},
		{Name: "go_goroutines", Kind: schema.Gauge, Help: "Goroutines."},
		{Name: "http_request_duration_seconds", Kind: schema.Histogram, Labels: []string{"method", "path"}, Native: true},
	}))
	const want = `# shop

Naming scheme: default.

## Requests

| metric | type | labels | meaning |
|---|---|---|---|
| ` + "`http_request_duration_seconds` | native histogram | `method`, `path`" + ` | – |

## Own metrics

| metric | type | labels | meaning |
|---|---|---|---|
| ` + "`orders_total` | counter | `kind`" + ` | Orders \| placed by &lt;kind>. |

## Process and runtime

| metric | type | labels | meaning |
|---|---|---|---|
| ` + "`go_goroutines`" + ` | gauge | – | Goroutines. |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
