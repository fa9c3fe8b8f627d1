package target

import (
	"bufio"
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxListening is how many ports are probed: a machine with more is no place to look around.
const maxListening = 200

// DiscoverAll is Discover on every TCP port that something listens on. Where the system does not list these,
// it is Discover.
func DiscoverAll(ctx context.Context, timeout time.Duration) []Probe {
	ports := UsualPorts()
	for _, p := range listening() {
		if !slices.Contains(ports, p) {
			ports = append(ports, p)
		}
	}
	slices.Sort(ports)
	return slices.DeleteFunc(discover(ctx, ports, timeout), func(p Probe) bool { return p.Own })
}

// listening returns the ports of Linux's list of sockets; it is empty elsewhere.
func listening() (ports []int) {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		ports = append(ports, portsIn(f)...)
		_ = f.Close()
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	return ports[:min(len(ports), maxListening)]
}

// portsIn returns the ports of the sockets that listen (state 0A).
func portsIn(list io.Reader) (ports []int) {
	for lines := bufio.NewScanner(list); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		_, port, _ := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseUint(port, 16, 16); err == nil {
			ports = append(ports, int(n))
		}
	}
	return ports
}
