package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestAgent: tacho agent forwards what it scrapes to a tacho serve --receive, says so at the
// start and on its page, and is killed and started again without a gap.
func TestAgent(t *testing.T) {
	t.Parallel()
	center := spawn(t, nil, "serve", "--receive", "--interval", "1s", "--listen", "127.0.0.1:0")
	page := center.says(pageLine)
	data := t.TempDir()
	args := []string{"agent", "shop=" + newService(t, goodService), "--remote-write", page + "api/v1/write",
		"--listen", "127.0.0.1:0", "--interval", "1s", "--data-dir", data}
	agent := spawn(t, nil, args...)
	state := agent.says(`Agent +(http://\S+)`)
	center.await("the agent's samples", 30*time.Second, func() bool { return value(t, page, `up{job="shop"}`) == "1" })
	if _, body := get(t, http.DefaultClient, state); !strings.Contains(body, "2 up, 0 down") || !strings.Contains(body, page+"api/v1/write: backlog") {
		t.Errorf("the agent's page:\n%s", body)
	}
	_ = agent.cmd.Process.Kill()
	_ = agent.cmd.Wait()
	again := spawn(t, nil, args...)
	again.says(`Forward +(http://\S+)`)
	center.await("the agent that is back", 30*time.Second, func() bool {
		return value(t, page, `count_over_time(up{job="shop"}[1m]) >= bool 4`) == "1"
	})
	again.end(os.Interrupt)
	center.end(os.Interrupt)
}
