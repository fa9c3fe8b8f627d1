package doctor

import "fmt"

var uncompressed = check{
	id:         "uncompressed",
	summary:    "A large response is not compressed although the scraper accepts gzip.",
	severities: []Severity{Info, Warning},
	run:        findUncompressed,
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
		Severity: severity, Title: "The response is not compressed",
		Evidence: fmt.Sprintf("%s per scrape, %s per day over the network.", bytesText(f.Bytes), bytesText(perDay)),
		Fix:      "The format compresses well. Client libraries compress by default; a proxy may remove Accept-Encoding.",
	})
}

// scrapesPerDay returns the number of scrapes of one instance per day.
func (c Cost) scrapesPerDay() float64 { return secondsPerDay / c.IntervalSeconds }
