package doctor

import "fmt"

var uncompressed = check{
	id:    "uncompressed",
	looks: "A large answer is not compressed although the scraper offers gzip.",
	gives: []Severity{Info, Warning},
	run:   findUncompressed,
}

const (
	worthCompressing = 100_000
	mustCompress     = 1_000_000
)

func findUncompressed(e *examination) []Finding {
	f := e.facts()
	if f.CompressedBytes > 0 || f.Bytes < worthCompressing {
		return nil
	}
	severity := Info
	if f.Bytes >= mustCompress {
		severity = Warning
	}
	perDay := float64(f.Bytes) * f.Cost.scrapesPerDay() * float64(f.Cost.Instances)
	return one(Finding{
		Severity: severity, Title: "The answer is not compressed",
		Evidence: fmt.Sprintf("%s a scrape, %s a day over the network.", bytesText(f.Bytes), bytesText(perDay)),
		Cure:     "The format repeats itself and shrinks a lot. Client libraries compress by themselves unless told otherwise; a proxy in between may take Accept-Encoding away.",
	})
}

// scrapesPerDay is how many scrapes there are of one instance in a day.
func (c Cost) scrapesPerDay() float64 { return secondsPerDay / c.IntervalSeconds }
