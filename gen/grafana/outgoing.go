package grafana

import "github.com/tacho-go/tacho/schema"

// outgoing shows what the services request from others.
var outgoing = board{
	name: "outgoing", title: "Outgoing requests", about: "Requests of the chosen services to other hosts: rate, failures and latency.",
	panels: func(naming) []panel {
		return []panel{
			ofCalls(panel{title: "Requests to other hosts", unit: "reqps", description: "Outgoing requests per second by host."},
				func(n naming) []query {
					by, legend := n.hosts()
					return one(n.requests(by), legend)
				}),
			ofCalls(panel{title: "Statuses of other hosts", unit: "reqps", description: "Outgoing requests per second by status. Without a response it is the reason, such as timeout."},
				func(n naming) []query {
					by, legend := n.labels(schema.Status)
					return one(n.requests(by), legend)
				}),
			ofCalls(panel{title: "Failed requests to other hosts", unit: "percentunit", description: "Share of the requests to each host that failed, or had no response."},
				naming.failedCalls),
			ofCalls(panel{title: "p95 latency of other hosts", unit: "s", description: "95% of the requests to each host took at most this long."},
				func(n naming) []query {
					f, ok := latency(n)
					if !ok {
						return nil
					}
					by, legend := labelsOf(f, schema.Host)
					return one(n.quantile("0.95", f, by...), legend)
				}),
			ofCalls(panel{title: "Requests in flight to other hosts", unit: "short", description: "Outgoing requests that have not ended, by host: a host with many of them is slow, or has stopped to respond."},
				func(n naming) []query {
					f := n.Schema.InFlight
					if f.Name == "" {
						return nil
					}
					by, legend := labelsOf(f, schema.Host)
					return one(sum(selector(f.Name, n.own(f)...), by...), legend)
				}),
		}
	},
}

// ofCalls is a panel about outgoing requests: its queries see their families in place of those of the
// requests that the service responds to.
func ofCalls(p panel, queries func(naming) []query) panel {
	p.queries = func(n naming) []query {
		c := n.Schema.Client
		if c.Requests.Name == "" && c.Duration.Name == "" {
			return nil
		}
		n.Schema = schema.Schema{Name: n.Schema.Name, Requests: c.Requests, Duration: c.Duration, InFlight: c.InFlight}
		n.outgoing = true
		return queries(n)
	}
	return p
}

// hosts are the label of the host, and how a legend shows it.
func (n naming) hosts() (by []string, legend string) {
	f, _ := n.counter()
	return labelsOf(f, schema.Host)
}

// withoutResponse are the statuses that tacho's library writes if there was no response.
const withoutResponse = "|timeout|error"

// failedCalls is the share of requests to each host that failed or had no response; 0 without such.
func (n naming) failedCalls() []query {
	f, _ := n.counter()
	status, ok := f.StatusLabel()
	if !ok {
		return nil
	}
	failed := []string{status.Name + `=~"${errors:raw}` + withoutResponse + `"`}
	if kind, ok := f.Label(schema.ErrorType); ok { // no response, no status
		failed = []string{status.Name + `=~"${errors:raw}"`, kind.Name + `!="",` + status.Name + `=""`}
	}
	by, legend := n.hosts()
	all := n.requests(by)
	return one("("+n.requests(by, failed...)+"\nor 0 * "+all+")\n/ "+all, legend)
}
