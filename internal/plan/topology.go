package plan

import (
	"fmt"
	"math"
)

// A Topology is the smallest arrangement that carries the load.
type Topology struct {
	Name     string   `json:"name"`
	Reasons  []string `json:"reasons"`
	Commands []string `json:"commands"`
	Shards   int      `json:"shards"`                       // groups of targets
	Agents   int      `json:"agents"`                       // processes of tacho agent
	AgentRAM float64  `json:"agent_memory_bytes,omitempty"` // of each
	AgentCPU float64  `json:"agent_cores,omitempty"`        // of each
}

// The names of topologies.
const (
	Single  = "one tacho serve"
	Forward = "one tacho serve with remote write"
	Pair    = "a pair of agents and an engine"
	Sharded = "sharded agents and an engine"
)

// spare is the share of a machine that a process may use in the steady state. The rest is for
// queries, merging blocks, and the backlog after an outage of the receiver.
const spare = 0.5

// topology returns the first arrangement that suffices, with the reasons why simpler ones do not.
func topology(v volume) Topology {
	m := v.load.Machine
	memory, disk := v.serveMemory(), v.serveDisk()
	fits := memory <= m.Memory*spare
	stored := disk <= m.Disk*storageShare
	switch {
	case fits && stored && !v.load.Available:
		return Topology{Name: Single, Commands: []string{"tacho serve TARGETS --retention RETENTION"}, Reasons: []string{
			fmt.Sprintf("its memory, %s, is at most half of a machine's %s", bytes(memory), bytes(m.Memory)),
			fmt.Sprintf("its disk, %s, is at most 80%% of a machine's %s", bytes(disk), bytes(m.Disk)),
		}}
	case fits && !v.load.Available:
		return Topology{Name: Forward, Commands: []string{"tacho serve TARGETS --retention 15d --remote-write ENGINE", "tacho serve --query-url ENGINE (for the long history)"}, Reasons: []string{
			fmt.Sprintf("its memory, %s, is at most half of a machine's %s", bytes(memory), bytes(m.Memory)),
			fmt.Sprintf("the history, %s, is more than 80%% of a machine's %s: an engine keeps it", bytes(disk), bytes(m.Disk)),
		}}
	}
	return withAgents(v, fits)
}

// storageShare is what Prometheus's documentation recommends as the highest retention size:
// "80-85% of your allocated disk space".
const storageShare = 0.8

// withAgents is a pair of agents, or several pairs that share the targets.
func withAgents(v volume, fits bool) Topology {
	t := Topology{Shards: v.shards()}
	if fits {
		t.Reasons = append(t.Reasons, "the loss of any machine must lose nothing, so that two agents scrape each target")
	} else {
		t.Reasons = append(t.Reasons, fmt.Sprintf("the memory of one tacho serve, %s, is more than half of a machine's %s", bytes(v.serveMemory()), bytes(v.load.Machine.Memory)))
	}
	t.Name, t.Agents = Pair, 2*t.Shards
	agent := "tacho agent prometheus.yml (on two machines, each with its own external label replica)"
	if t.Shards > 1 {
		t.Name = Sharded
		t.Reasons = append(t.Reasons, fmt.Sprintf("one agent for all targets would need %s and %.1f cores; half of a machine is %s and %.1f cores",
			bytes(v.agentMemory(1)), v.agentCores(1), bytes(v.load.Machine.Memory*spare), v.load.Machine.Cores*spare))
		agent = fmt.Sprintf("tacho agent prometheus.yml (a pair for each of %d shards, which a hashmod rule divides targets among)", t.Shards)
	}
	t.AgentRAM, t.AgentCPU = v.agentMemory(t.Shards), v.agentCores(t.Shards)
	page := "tacho serve --query-url ENGINE --remote-write ENGINE (page, rules and alerts)"
	if v.load.Available {
		page = "tacho serve prometheus.yml --query-url ENGINE (page, rules and alerts, on two machines, each with its own external label replica)"
	}
	t.Commands = []string{agent, page}
	return t
}

// agentMemory and agentCores are those of one of n agents that share the targets.
func (v volume) agentMemory(n int) float64 { return agentBase + v.agentLoad()/float64(n) }

// agentLoad is the memory for all series and targets.
func (v volume) agentLoad() float64 {
	return v.weight()*agentPerSeries + float64(v.load.Instances)*agentPerTarget
}

func (v volume) agentCores(n int) float64 {
	scrapes := float64(v.load.Instances) / v.load.Interval.Seconds()
	return (v.samples*agentPerSample + scrapes*agentPerScrape) / float64(n)
}

// shards is the number of agents that share the targets so that each fits on a machine, and never
// more than there are instances.
func (v volume) shards() int {
	m := v.load.Machine
	room := m.Memory*spare - agentBase
	if room <= 0 {
		return v.load.Instances
	}
	n := math.Max(v.agentLoad()/room, v.agentCores(1)/(m.Cores*spare))
	return min(max(1, int(math.Ceil(n))), v.load.Instances)
}
