package main

import (
	"fmt"

	"github.com/alecthomas/units"
)

// byteSize is a flag for sizes such as 512MB or 10GiB.
type byteSize int64

// Set implements pflag.Value.
func (b *byteSize) Set(text string) error {
	n, err := units.ParseStrictBytes(text)
	if err != nil || n < 0 {
		return fmt.Errorf("write a size such as 512MB or 10GiB, not %q", text)
	}
	*b = byteSize(n)
	return nil
}

// String implements pflag.Value.
func (b byteSize) String() string {
	for _, u := range []struct {
		name string
		size byteSize
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if b >= u.size && b%u.size == 0 {
			return fmt.Sprintf("%d%s", b/u.size, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}

// Type implements pflag.Value.
func (b *byteSize) Type() string { return "bytes" }

// defaultMinFree is the default of --min-free.
const defaultMinFree byteSize = 64 << 20

// orNone returns the size for options whose zero value is a default: 0 becomes negative.
func (b byteSize) orNone() int64 {
	if b == 0 {
		return -1
	}
	return int64(b)
}
