package tacho_test

import (
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// TestForeignSchemas: the schemas of other libraries are there to be read.
// Those that this library cannot record are refused by New, and not found out
// by a request.
func TestForeignSchemas(t *testing.T) {
	for _, s := range schema.Known() {
		_, err := tacho.New(tacho.Options{Schema: s, OmitRuntime: true})
		switch {
		case s.Name == schema.Default().Name && err != nil:
			t.Errorf("the default schema is refused: %v", err)
		case s.Name != schema.Default().Name && (err == nil || !strings.Contains(err.Error(), "Schema")):
			t.Errorf("%s is not refused by the name of the field: %v", s.Name, err)
		}
	}
}

// TestRenamedSchema: other names for the same labels are fine.
func TestRenamedSchema(t *testing.T) {
	s := schema.Default()
	s.Requests.Name = "web_requests_total"
	s.Requests.Labels = []schema.LabelName{{Name: "code", Value: schema.Status}, {Name: "verb", Value: schema.Method}, {Name: "route", Value: schema.Route}}
	if _, err := tacho.New(tacho.Options{Schema: s}); err != nil {
		t.Error(err)
	}
}
