package statsd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// drops returns the datagrams that the kernel has dropped on a UDP socket, from the last column of
// /proc/net/udp.
func drops(conn net.PacketConn) float64 {
	address, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return 0
	}
	port, sum := fmt.Sprintf(":%04X", address.Port), 0.0
	for _, file := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			columns := strings.Fields(line)
			if len(columns) < 13 || !strings.HasSuffix(columns[1], port) {
				continue
			}
			n, _ := strconv.ParseFloat(columns[len(columns)-1], 64)
			sum += n
		}
	}
	return sum
}
