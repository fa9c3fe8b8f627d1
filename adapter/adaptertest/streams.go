package adaptertest

import (
	"fmt"
	"io"
	"time"

	"github.com/tacho-go/tacho"
)

const (
	streamLife      = 1500 * time.Millisecond
	streamDuration  = "http_stream_duration_seconds"
	streamsInFlight = "http_streams_in_flight"
	requestDuration = "http_request_duration_seconds"
)

// streamCases: streams do not spoil the latency histogram.
var streamCases = []Case{
	{
		Name:  "stream-events",
		Rule:  "An event stream adds its time to first byte to the latency, and its lifetime to the stream metrics.",
		Needs: []Feature{Streaming, EventStreams},
		Check: func(l *Lab) error { return l.stream("text/event-stream", true) },
	},
	{
		Name:  "stream-long-flush",
		Rule:  "Any other response that was flushed and goes on for more than a second is a stream too.",
		Needs: []Feature{Streaming},
		Check: func(l *Lab) error { return l.stream("text/plain", false) },
	},
	{
		Name:  "stream-short-flush",
		Rule:  "A response that is merely written in pieces is an ordinary request.",
		Needs: []Feature{Streaming},
		Check: func(l *Lab) error {
			p, err := l.start(userApp(func(c Call) {
				for range 3 {
					_, _ = io.WriteString(c, "piece\n")
					c.Flush()
				}
			}), tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 200); err != nil {
				return err
			}
			s, err := p.settled(1)
			if err == nil && s.sets(streamDuration+"_count") != 0 {
				err = fmt.Errorf("it was recorded as a stream:\n%s", s.about(streamDuration))
			}
			return err
		},
	},
	{
		Name:  "stream-hijack",
		Rule:  "A hijacked connection is a 101 and a stream; what passes on it is not guessed.",
		Needs: []Feature{Hijacking},
		Check: checkHijack,
	},
}

// stream runs a stream of streamLife and checks where its time went.
func (l *Lab) stream(contentType string, atOnce bool) error {
	release := make(chan struct{})
	p, err := l.start(userApp(func(c Call) {
		c.SetHeader("Content-Type", contentType)
		_, _ = io.WriteString(c, "data: 1\n\n")
		c.Flush()
		<-release
	}), tacho.Options{})
	if err != nil {
		return err
	}
	conn, err := p.send(request("GET", "/users/1", "x"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, _, err := readHead(conn); err != nil {
		return fmt.Errorf("the first flush did not arrive: %w", err)
	}
	if atOnce {
		if err := p.settles(streamsInFlight, 1); err != nil {
			return err
		}
	}
	time.AfterFunc(streamLife, func() { close(release) })
	l.patience += streamLife
	if err := p.counted(1, "GET", l.label(users), 200); err != nil {
		return err
	}
	s, err := p.settled(1)
	if err != nil {
		return err
	}
	if latency := s.total(requestDuration + "_sum"); latency > streamLife.Seconds()/2 {
		return fmt.Errorf("the latency histogram took %v s from a stream whose first byte came at once", latency)
	}
	if life := s[l.key(routeKey(streamDuration+"_sum", "GET", l.label(users)))]; life < streamLife.Seconds() {
		return fmt.Errorf("the stream metrics have a lifetime of %v s, want %v s\n%s", life, streamLife.Seconds(), s.about(streamDuration))
	}
	return p.settles(streamsInFlight, 0)
}

func checkHijack(l *Lab) error {
	release := make(chan struct{})
	p, err := l.start(userApp(func(c Call) {
		conn, err := c.Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
		<-release
	}), tacho.Options{})
	if err != nil {
		return err
	}
	status, err := p.raw(request("GET", "/users/1", "x"))
	if err != nil || status != 101 {
		close(release)
		return fmt.Errorf("the hijacked connection answered %d (%v), want 101", status, err)
	}
	inFlight := p.settles(streamsInFlight, 1)
	close(release)
	if inFlight != nil {
		return inFlight
	}
	if err := p.counted(1, "GET", l.label(users), 101); err != nil {
		return err
	}
	if err := p.settles(routeKey(streamDuration+"_count", "GET", l.label(users)), 1); err != nil {
		return err
	}
	s, err := p.settled(1)
	if err == nil && s.sets("http_response_size_bytes_count") != 0 {
		err = fmt.Errorf("a size was recorded for a hijacked connection:\n%s", s.about("http_response_size_bytes"))
	}
	return err
}
