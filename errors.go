package tacho

import "errors"

// ErrNotScraped is what Meter.Shutdown returns when no scrape came before its
// context ended: the last numbers have not been read.
var ErrNotScraped = errors.New("tacho: no scrape has read the last numbers")
