package given

import (
	"os"
	"strings"
)

// addr is where an address of the page really is: the test hands out free ports
// in its place.
func addr(documented string) string {
	for _, arg := range os.Args[2:] {
		if real, ok := strings.CutPrefix(arg, documented+"="); ok {
			return real
		}
	}
	panic("the test handed out no port for " + documented)
}
