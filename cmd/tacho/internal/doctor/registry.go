package doctor

import (
	"context"

	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/schema"
)

// Registry scrapes the endpoint once and describes its metric families. The error is a [*TargetError].
func (s *Scraper) Registry(ctx context.Context) (live.Registry, error) {
	v := s.fetch.get(ctx, asProtobuf)
	if err := s.fetch.obstacle(v); err != nil {
		return nil, err
	}
	x := parseExposition(v.body, v.contentType)
	if e := x.parseError; e != nil {
		return nil, s.fetch.unreadable(v, e.Err)
	}
	var all live.Registry
	for _, f := range x.families {
		all = append(all, f.describe())
	}
	return all, nil
}

func (f *family) describe() live.Family {
	d := live.Family{Name: f.name, Help: f.help, Kind: schema.Kind(f.kind), Labels: f.labelNames(), Series: f.seriesCount()}
	for _, m := range f.samples {
		if m.native {
			d.Native = true
		} else if f.kind == "histogram" {
			d.Classic = true
		}
	}
	return d
}
