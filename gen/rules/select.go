package rules

import "github.com/tacho-go/tacho/schema"

// Select returns the matchers that tell a schema's series of a family from those of the other schemas
// that may be present, and what to append to their sum by job where matchers are not enough, or "".
func Select(s schema.Schema, f schema.Family, among []schema.Schema) (matching []string, besides string) {
	picked := s.Select(f, among)
	return matchers(picked), beside(picked)
}
