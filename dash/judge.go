package dash

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/capability"
	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/verdict"
)

// Times of the verdict.
const (
	verdictTimeout = 20 * time.Second // of a round
	replayTimeout  = 10 * time.Minute // of replaying a day
	replayAgain    = 5 * time.Minute  // after a replay that failed
	rulesEvery     = 5 * time.Minute  // how often the rules are read
	// longestGap is the longest time without viewers that a round catches up on. After a longer one the
	// verdict begins anew, as after a restart.
	longestGap = time.Hour
)

// A judge computes the verdict when it is asked for, at most once per round. Like tacho's server, it
// replays the past day once, in the background.
type judge struct {
	api   verdict.API
	relay relay.Relay // to the same server
	probe *capability.Prober

	mu     sync.Mutex // held during a round: the other viewers wait for it
	engine *verdict.Engine
	past   *replay   // nil if it is adopted, or not begun
	again  time.Time // when to begin it; zero once it is adopted
	tried  time.Time // the last round
	read   time.Time // when the rules were read
	rules  verdict.Options
	err    error
}

func newJudge(api verdict.API, to relay.Relay) *judge {
	return &judge{
		api: api, relay: to, rules: verdict.Options{ReadLimits: true},
		probe: &capability.Prober{URL: api.URL, Client: api.Client, Header: api.Header},
	}
}

// ServeHTTP serves the verdict of the last round. If it is older than a round, a new one is computed.
func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	source := j.probe.Source()
	v, err := j.latest(r.Context())
	if err != nil {
		j.relay.Unreachable(w, err)
		return
	}
	v.From(source).ServeHTTP(w, r)
}

// latest keeps an error for a round as well, so that viewers do not add load to a server in trouble.
func (j *judge) latest(ctx context.Context) (*verdict.Verdict, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	if j.engine != nil && now.Sub(j.tried) < j.engine.Interval {
		return j.engine.Latest(), j.err
	}
	// The round is for all viewers. It does not end with the request that began it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verdictTimeout)
	defer cancel()
	j.readRules(ctx, now)
	j.catchUp(ctx, now)
	j.adopt(now)
	_, j.err = j.engine.Round(ctx, now)
	j.tried = now
	if j.err == nil && j.past == nil && !j.again.IsZero() && !now.Before(j.again) {
		j.past = startReplay(j.api, j.rules, now)
	}
	return j.engine.Latest(), j.err
}

// readRules learns how the rules are evaluated. If it cannot, it keeps what it knew: a server that does not
// respond fails the round as well.
func (j *judge) readRules(ctx context.Context, now time.Time) {
	if !j.read.IsZero() && now.Sub(j.read) < rulesEvery {
		return
	}
	if o, err := j.api.RuleOptions(ctx, verdict.Options{ReadLimits: true}); err == nil {
		j.rules, j.read = o, now
	}
	if j.engine != nil {
		j.engine.Use(j.rules)
	}
}

// catchUp replays the time since the last round, when nobody watched. The first time, and after a long
// one, there is a new Engine.
func (j *judge) catchUp(ctx context.Context, now time.Time) {
	if j.engine != nil && j.engine.Latest() == nil {
		return // no round has succeeded yet
	}
	if j.engine != nil {
		last := j.engine.Latest().At
		gap := now.Sub(last)
		if gap <= max(2*j.engine.Interval, min(time.Minute, j.engine.Window)) || gap <= longestGap && j.engine.Replay(ctx, last.Add(j.engine.Interval), now) == nil {
			return
		}
	}
	j.past.stop()
	j.engine, j.past, j.again = verdict.New(j.api, j.rules), nil, now
}

// adopt takes over the findings of the past once they are there. The round before it knows what goes on.
func (j *judge) adopt(now time.Time) {
	switch {
	case j.past == nil || !j.past.isDone():
	case j.past.err != nil:
		j.past, j.again = nil, now.Add(replayAgain)
	default:
		j.engine.Adopt(j.past.engine)
		j.past, j.again = nil, time.Time{}
	}
}

// A replay is a replay in the background.
type replay struct {
	stopped context.CancelFunc
	done    chan struct{} // closed at its end; then engine and err are set
	engine  *verdict.Engine
	err     error
}

// startReplay sees the time for which findings are kept, up to a moment.
func startReplay(api verdict.API, o verdict.Options, to time.Time) *replay {
	ctx, cancel := context.WithTimeout(context.Background(), replayTimeout)
	r := &replay{stopped: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer cancel()
		r.engine, r.err = verdict.Replay(ctx, api, o, to.Add(-o.Remembered()), to)
	}()
	return r
}

func (r *replay) isDone() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// stop ends a replay whose result nobody needs. A nil replay is none.
func (r *replay) stop() {
	if r != nil {
		r.stopped()
	}
}
