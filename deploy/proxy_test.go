//go:build linux

package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/internal/testfile"
)

// unitOf returns the value of a setting of a unit file.
func unitOf(t *testing.T, file, setting string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + setting + `=(.*)$`).FindStringSubmatch(read(t, file))
	if found == nil {
		t.Fatalf("%s has no %s", file, setting)
	}
	return found[1]
}

// TestUnits: systemd accepts the unit files of the programs beside a service, and finds tacho's hardened.
func TestUnits(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	dir := t.TempDir()
	for _, c := range []struct{ file, exposure string }{ // the exposure from 0 to 100, "" for a service of somebody else
		{"gunicorn/shop.service", ""}, {"multiproc/tacho-multiproc.service", "30"}, {"proxy/tacho-proxy.service", "20"},
	} {
		text := strings.ReplaceAll(read(t, c.file), "/usr/local/bin/tacho", tachoProgram(t))
		file := testfile.Write(t, filepath.Join(dir, filepath.Base(c.file)), text)
		if out, err := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("systemd-analyze verify: %v\n%s", err, out)
		}
		if c.exposure == "" {
			continue
		}
		if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold="+c.exposure, file).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze security: %v\n%s", err, out)
		}
	}
}

// TestMultiprocUnitRuns: the command of the unit exports what a process has written.
func TestMultiprocUnitRuns(t *testing.T) {
	dir := t.TempDir()
	args := strings.Fields(strings.NewReplacer("/run/shop", dir, "127.0.0.1:9200", "127.0.0.1:0").Replace(unitOf(t, "multiproc/tacho-multiproc.service", "ExecStart")))
	p := start(t, exec.Command(tachoProgram(t), args[1:]...))
	if status, body := get(http.DefaultClient, p.url); status != http.StatusOK || !strings.Contains(body, "tacho_multiproc") {
		t.Errorf("%d %s", status, body)
	}
	p.stop(20 * time.Second)
}

// TestProxyUnitRuns: the commands of the unit work with the example's configuration, also with
// everything in it that is commented out, and the proxy tells systemd that it is ready.
func TestProxyUnitRuns(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") }))
	t.Cleanup(service.Close)
	dir := t.TempDir()
	config := strings.NewReplacer("http://127.0.0.1:5000", service.URL, "listen: :8000", "listen: 127.0.0.1:0", "127.0.0.1:9465", "127.0.0.1:0").Replace(read(t, "proxy/proxy.yml"))
	uncommented := regexp.MustCompile(`(?m)^( *)# ([a-z-]+:( .*)?|  [a-z-]+: .*)$`).ReplaceAllString(config, "$1$2")
	if strings.Contains(uncommented, "# metrics") || !strings.Contains(uncommented, "\nmetrics:\n  schema: flask") {
		t.Fatalf("the comments were not removed:\n%s", uncommented)
	}
	testfile.Write(t, filepath.Join(dir, "routes.txt"), "GET /users/<int:id>\n")
	command := func(setting string) *exec.Cmd {
		args := strings.Fields(strings.NewReplacer("/etc/tacho", dir, "%S/tacho-proxy", dir).Replace(unitOf(t, "proxy/tacho-proxy.service", setting)))
		return exec.Command(tachoProgram(t), args[1:]...)
	}
	for _, text := range []string{uncommented, config} {
		testfile.Write(t, filepath.Join(dir, "proxy.yml"), text)
		if out, err := command("ExecStartPre").CombinedOutput(); err != nil {
			t.Errorf("--check: %v\n%s", err, out)
		}
	}
	var log locked.Buffer
	cmd := command("ExecStart")
	cmd.Stdout, cmd.Stderr = &log, &log
	notified := listenNotify(t)
	cmd.Env = []string{"NOTIFY_SOCKET=" + notified.path}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	notified.await("READY=1")
	address := regexp.MustCompile(`(?m)^  Proxy +(\S+)$`).FindStringSubmatch(log.String())
	if address == nil {
		t.Fatalf("no address:\n%s", &log)
	}
	if status, body := get(http.DefaultClient, address[1]+"/users/7"); status != http.StatusOK || body != "served" {
		t.Errorf("%d %s", status, body)
	}
	_ = cmd.Process.Signal(sigterm)
	notified.await("STOPPING=1")
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("%v\n%s", err, &log)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not stop")
	}
	if state := read(t, filepath.Join(dir, "routes.json")); !strings.Contains(state, "/users/{id}") {
		t.Errorf("the learned routes: %s", state)
	}
}

// A composed is the part of a Compose file that the test reads.
type composed struct {
	Services map[string]struct {
		Image   string
		Command []string
		Ports   []struct {
			Target    int
			Published string
			HostIP    string `json:"host_ip"`
		}
	}
}

// TestCompose: docker compose accepts the files, tacho's flags exist, and what serve scrapes is a port of
// another service that is not published.
func TestCompose(t *testing.T) {
	for _, file := range []struct {
		name             string
		commands         map[string]string // of tacho, by service
		scraped, listens string            // by serve, and in the arguments of the other service
		port             int
	}{
		{"gunicorn", map[string]string{"tacho": "serve"}, "", "", 0},
		{"multiproc", map[string]string{"metrics": "multiproc", "tacho": "serve"}, "shop=metrics:9200", ":9200", 9200},
		{"proxy", map[string]string{"proxy": "proxy", "tacho": "serve"}, "shop=proxy:9465", ":9465", 9465},
	} {
		t.Run(file.name, func(t *testing.T) {
			var c composed
			if err := json.Unmarshal(check(t, programs.File(t, "check"), "compose", file.name+"/compose.yml"), &c); err != nil {
				t.Fatal(err)
			}
			for name, command := range file.commands {
				flags := flagsOf(t, command)
				for _, arg := range c.Services[name].Command {
					if flag, ok := strings.CutPrefix(arg, "--"); ok && !slices.Contains(flags, flag) {
						t.Errorf("%s has an unknown flag --%s", name, flag)
					}
				}
				for _, p := range c.Services[name].Ports {
					if p.Target == file.port {
						t.Errorf("%s publishes its metrics", name)
					}
				}
			}
			if file.scraped == "" {
				return
			}
			_, rest, _ := strings.Cut(file.scraped, "=")
			other, _, _ := strings.Cut(rest, ":")
			if !slices.Contains(c.Services["tacho"].Command, file.scraped) || !slices.Contains(c.Services[other].Command, file.listens) {
				t.Errorf("serve does not scrape %s", other)
			}
		})
	}
}

// TestCheckerRejects: a field that does not exist is an error in each kind of file.
func TestCheckerRejects(t *testing.T) {
	for _, c := range []struct{ kind, file, from, to, want string }{
		{"compose", "proxy/compose.yml", "image: shop", "imag: shop", "imag"},
		{"kubernetes", "kubernetes/sidecar/deployment.yaml", "livenessProbe", "aliveProbe", "aliveProbe"},
	} {
		dir := t.TempDir()
		text := strings.Replace(read(t, c.file), c.from, c.to, 1)
		path := testfile.Write(t, filepath.Join(dir, filepath.Base(c.file)), text)
		if c.kind == "kubernetes" {
			testfile.Write(t, filepath.Join(dir, "kustomization.yaml"), "resources: ["+filepath.Base(c.file)+"]\n")
			path = dir
		}
		var log bytes.Buffer
		cmd := exec.Command(programs.File(t, "check"), c.kind, path)
		cmd.Stderr = &log
		if err := cmd.Run(); err == nil || !strings.Contains(log.String(), c.want) {
			t.Errorf("%s accepts %s: %v %s", c.kind, c.to, err, &log)
		}
	}
}

// TestSidecarPod: the objects match each other, and the settings of the proxy exist.
func TestSidecarPod(t *testing.T) {
	type port struct {
		Name          string
		ContainerPort int
	}
	type proxyContainer struct {
		Args          []string
		Env           []struct{ Name, Value string }
		Ports         []port
		RestartPolicy string
	}
	var deployment struct {
		Spec struct {
			Template struct {
				Metadata struct{ Annotations, Labels map[string]string }
				Spec     struct{ InitContainers []proxyContainer }
			}
		}
	}
	var service struct {
		Spec struct {
			Selector map[string]string
			Ports    []struct{ TargetPort any }
		}
	}
	in := json.NewDecoder(bytes.NewReader(check(t, programs.File(t, "check"), "kubernetes", "kubernetes/sidecar")))
	for in.More() {
		var o json.RawMessage
		if err := in.Decode(&o); err != nil {
			t.Fatal(err)
		}
		into := any(&service)
		if strings.Contains(string(o), `"kind":"Deployment"`) {
			into = &deployment
		}
		if err := json.Unmarshal(o, into); err != nil {
			t.Fatal(err)
		}
	}
	pod := deployment.Spec.Template
	proxy := pod.Spec.InitContainers[0]
	known := flagsOf(t, "proxy")
	for _, e := range proxy.Env {
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(e.Name, "TACHO_"), "PROXY_"), "_", "-"))
		if !slices.Contains(known, flag) && flag != "log-format" {
			t.Errorf("%s is no setting of tacho proxy", e.Name)
		}
	}
	if proxy.RestartPolicy != "Always" || !slices.Contains(proxy.Ports, port{"http", 8000}) || !slices.Contains(proxy.Ports, port{"metrics", 9465}) {
		t.Errorf("the container: %+v", proxy)
	}
	if pod.Metadata.Annotations["prometheus.io/port"] != "9465" || service.Spec.Ports[0].TargetPort != "http" ||
		service.Spec.Selector["app.kubernetes.io/name"] != pod.Metadata.Labels["app.kubernetes.io/name"] {
		t.Errorf("the objects do not match: %+v %+v", pod.Metadata, service)
	}
}
