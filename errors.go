package tacho

import "errors"

// ErrNotScraped is returned by Meter.Shutdown if no scrape came before its context ended: nothing
// has read the last values.
var ErrNotScraped = errors.New("tacho: no scrape has read the last numbers")
