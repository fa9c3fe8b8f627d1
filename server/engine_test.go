package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/verdict"
)

// tenantOnly is an engine that requires a tenant and a user. It forwards to a server.
func tenantOnly(t *testing.T, to string) string {
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(u)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Header.Get("X-Scope-OrgID") != "shop" || user != "ann" || password != "secret" || r.Header.Get("Cookie") != "" {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestEngine: with an engine, queries are answered by it and everything else by the server: rules are
// evaluated on the engine's samples, and their results are sent to it.
func TestEngine(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	o.Config = quick + "scrape_configs: [{job_name: shop, " + nativeJob + "static_configs: [{targets: ['" + newShopTarget(t) + "']}]}]\n"
	far := start(t, o)

	users := filepath.Join(t.TempDir(), "http.yml")
	write(t, users, "basic_auth: {username: ann, password: secret}\n")
	o = options(t)
	o.Engine = server.Engine{URL: tenantOnly(t, far.URL()), Header: http.Header{"X-Scope-Orgid": {"shop"}}, HTTPConfigFile: users}
	o.Config = quick + "remote_write: [{url: '" + far.URL() + "api/v1/write', queue_config: {batch_send_deadline: 100ms}}]\n"
	o.Rules = []server.RuleFile{{Name: "test", YAML: []byte(`groups:
- name: test
  rules:
  - {record: far:orders, expr: 'sum without (path, status) (shop_orders_total) * 0 + 3'}
  - {record: far:constant, expr: '7'}
  - {record: far:clock, expr: 'vector(time())'}
  - {record: far:chained, expr: 'far:clock'}
  - {alert: FarIsSold, expr: 'shop_orders_total > 0', annotations: {summary: '{{ with query "far:constant" }}{{ . | first | value }}{{ end }} sold'}}
`)}}
	o.VerdictFunc = func([]server.Job) verdict.Options { return verdict.Options{Interval: time.Second, ReadLimits: true} }
	near := start(t, o)
	near.await("the recorded series of the engine", func() bool {
		return len(near.query(`far:orders{job="shop"} == 3 and on () far:constant == 7`)) == 1
	})
	if got := far.query(`far:orders`); len(got) != 1 {
		t.Errorf("the engine has %v", got)
	}
	near.await("the alert", func() bool {
		_, body := near.get("/api/v1/alerts")
		return strings.Contains(body, `"FarIsSold"`) && strings.Contains(body, `"7 sold"`)
	})
	near.await("a rule that reads others' results at the same time", func() bool {
		return len(near.query(`min_over_time((far:chained == bool far:clock)[5s:1s]) == 1`)) == 1
	})
	at := newest(t, far.URL())
	same(t, at, near.URL(), far.URL(), sent...)
	for path, want := range map[string]string{
		"api/v1/labels": `"status"`, "api/v1/label/job/values": `"shop"`, "api/v1/series?match[]=shop_temperature": `"shop_temperature"`,
		"api/v1/query?query=nonsense(": `"bad_data"`, "api/v1/format_query?query=up%2B1": `"up + 1"`, "api/v1/rules": `"far:orders"`,
		"api/v1/targets": `"shop"`, "api/v1/metadata": `shop_temperature`, "api/v1/status/buildinfo": `"version"`, "api/tacho/verdict": `"services"`,
	} {
		near.await(path, func() bool {
			_, body := near.get("/" + path)
			return strings.Contains(body, want)
		})
	}
	if code, _, body := near.ask(server.BatchPath, "application/json", `{"queries":[{"query":"up"}]}`); code != http.StatusNotFound {
		t.Errorf("a batch responds with %d: %s", code, body)
	}
}

// TestEngineFails: an engine that refuses, hangs or is gone is named in the response; the server goes on.
func TestEngineFails(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	t.Cleanup(hangs.Close)
	t.Cleanup(func() { close(release) })
	for _, tt := range []struct {
		name, engine string
		code         int
		want         string
	}{
		{"no user", tenantOnly(t, "http://127.0.0.1:1"), http.StatusBadGateway, "401 Unauthorized: set the engine's user, token or tenant"},
		{"gone", "http://127.0.0.1:1/prefix", http.StatusBadGateway, "http://127.0.0.1:1/prefix cannot be queried"},
		{"hangs", hangs.URL, http.StatusGatewayTimeout, "did not respond in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t)
			o.Engine.URL, o.QueryTimeout = tt.engine, 300*time.Millisecond
			o.Rules = []server.RuleFile{{Name: "test", YAML: []byte("groups: [{name: test, interval: 100ms, rules: [{alert: Any, expr: up}]}]\n")}}
			r := start(t, o)
			code, body := r.get("/api/v1/query?query=up")
			if code != tt.code || !strings.Contains(body, tt.want) {
				t.Errorf("%d: %s", code, body)
			}
			r.await("the rule's error", func() bool {
				_, body := r.get("/api/v1/rules")
				return strings.Contains(body, `"lastError":"the engine at `)
			})
		})
	}
	for name, e := range map[string]server.Engine{
		"no URL": {URL: "thanos:9090"}, "no file": {URL: "http://thanos:9090", HTTPConfigFile: "/nowhere/http.yml"},
	} {
		o := options(t)
		o.Engine = e
		if _, err := server.New(o); !errors.Is(err, server.ErrConfig) || !strings.Contains(fmt.Sprint(err), "engine") && !strings.Contains(fmt.Sprint(err), "/nowhere/http.yml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
