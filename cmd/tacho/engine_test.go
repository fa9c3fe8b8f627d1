package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// TestQueryURL: one serve reads the samples of another: its page, its alerts and its verdict are about the
// services that the other one scrapes, and it records their rates there.
func TestQueryURL(t *testing.T) {
	t.Parallel() // it mostly waits
	far := spawn(t, nil, "serve", "shop="+newService(t, growing(t, "go-grpc-middleware")), "--interval", "1s", "--no-rules", "--receive", "--listen", "127.0.0.1:0")
	engine := far.says(pageLine)
	near := spawn(t, nil, "serve", "--query-url", engine, "--query-header", "X-Scope-OrgID: shop", "--remote-write", engine+"api/v1/write", "--interval", "1s", "--listen", "127.0.0.1:0")
	page := near.says(pageLine)
	near.says(`(?m)^  Engine   (.*)$`)
	near.await("the recorded rate", time.Minute, func() bool { return value(t, page, `sum(tacho:http_requests:rate{job="shop"}) > 0`) != "" })
	if value(t, engine, `sum(tacho:http_requests:rate{job="shop"}) > 0`) == "" {
		t.Error("the engine has no recorded rate")
	}
	b := newBrowser(t, page)
	b.open(page+"#open=shop", 1440, 900)
	b.await("the RPCs and their rates", `/shop.v1.Shop\/Buy[^]*Unavailable|shop.v1.Shop\/Buy[^]*[1-9]/.test(document.body.innerText)`)
	b.await("the verdict", verdictText+`.length > 0`)
	b.calm()
	if strings.Contains(near.out.String(), "Targets  none") {
		t.Errorf("it looks for targets:\n%s", &near.out)
	}
	alone := spawn(t, nil, "serve", "--query-url", engine, "--interval", "1s", "--listen", "127.0.0.1:0")
	alone.says(`(?m)^  Rules    alerts only: (without --remote-write.*)$`)
	for _, p := range []*process{alone, near, far} {
		p.end(os.Interrupt)
	}
}

// TestQueryFlags: wrong flags are refused with what to write instead, and without their secrets.
func TestQueryFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--query-header", "X-Scope-OrgID: secret"}, "--query-header and --query-http-config are for --query-url: set that, too"},
		{[]string{"--query-url", "thanos:9090"}, `--query-url is "thanos:9090": it must look like http://prometheus:9090`},
		{[]string{"--query-url", "http://ann:secret@h/?x=1"}, "--query-url is "},
		{[]string{"--query-url", "http://h", "--query-header", "secret"}, "--query-header: the colon is missing"},
	} {
		f := &serveFlags{}
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		f.register(flags)
		if err := flags.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		_, err := f.serverOptions(nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", tt.args, err)
		}
	}
}
