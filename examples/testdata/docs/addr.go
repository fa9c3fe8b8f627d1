package given

import (
	"os"
	"strings"
)

// addr returns the address to use for one on the page: the test replaces it by a
// free port.
func addr(documented string) string {
	for _, arg := range os.Args[2:] {
		if real, ok := strings.CutPrefix(arg, documented+"="); ok {
			return real
		}
	}
	panic("the test assigned no port to " + documented)
}
