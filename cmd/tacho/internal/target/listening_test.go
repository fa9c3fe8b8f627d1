package target

import (
	"slices"
	"strings"
	"testing"
)

func TestPortsIn(t *testing.T) {
	got := portsIn(strings.NewReader(`  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000
   1: 0100007F:24F8 0100007F:1F90 01 00000000:00000000 00:00000000
   2: 00000000000000000000000000000000:1388 00000000000000000000000000000000:0000 0A 0
   3: broken
`))
	if !slices.Equal(got, []int{8080, 5000}) {
		t.Errorf("got %v", got)
	}
}
