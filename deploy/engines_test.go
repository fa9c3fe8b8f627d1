//go:build linux

package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/internal/testfile"
)

// engines are the folders of the manifests with an engine.
var engines = []string{"thanos", "victoriametrics"}

// A workload is the part of a StatefulSet, Deployment or Service that these tests read.
type workload struct {
	object
	Spec struct {
		Replicas int
		Selector json.RawMessage
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []struct {
					Image string
					Args  []string
					Ports []struct {
						Name          string
						ContainerPort int
					}
				}
			}
		}
		Ports []struct {
			Port       int
			TargetPort string
		}
	}
}

// built builds a kustomization below deploy/cluster/kubernetes: its objects by kind and name, without the hash
// of a ConfigMap's content.
func built(t *testing.T, dir string) map[string]workload {
	t.Helper()
	objects := map[string]workload{}
	in := json.NewDecoder(bytes.NewReader(check(t, programs.File(t, "check"), "kubernetes", dir)))
	hash := regexp.MustCompile(`-[a-z0-9]{10}$`)
	for {
		var text json.RawMessage
		if err := in.Decode(&text); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		var w workload
		if err := errors.Join(json.Unmarshal(text, &w.object), json.Unmarshal(text, &struct{ Spec any }{&w.Spec})); err != nil {
			t.Fatal(err)
		}
		name := w.Metadata.Name
		if w.Kind == "ConfigMap" {
			name = hash.ReplaceAllString(name, "")
		}
		objects[w.Kind+" "+name] = w
	}
}

// ports are the ports of the services, by name and number, and of their containers: each target exists.
func ports(t *testing.T, objects map[string]workload) (all []string) {
	t.Helper()
	for key, service := range objects {
		if service.Kind != "Service" {
			continue
		}
		found := false
		for _, w := range objects {
			labels, _ := json.Marshal(w.Spec.Template.Metadata.Labels)
			if len(w.Spec.Template.Spec.Containers) == 0 || string(labels) != string(service.Spec.Selector) {
				continue
			}
			found = true
			for _, p := range service.Spec.Ports {
				all = append(all, fmt.Sprintf("%s:%d", service.Metadata.Name, p.Port))
				if !slices.ContainsFunc(w.Spec.Template.Spec.Containers[0].Ports, func(c struct {
					Name          string
					ContainerPort int
				}) bool {
					return c.Name == p.TargetPort
				}) {
					t.Errorf("%s: the pods have no port %q", key, p.TargetPort)
				}
			}
		}
		if !found {
			t.Errorf("%s selects no pods", key)
		}
	}
	return all
}

// TestEngineManifests: the objects decode with Kubernetes's own types, and every address in a configuration,
// an argument or the hash ring is that of a Service or a pod in the same folder.
func TestEngineManifests(t *testing.T) {
	address := regexp.MustCompile(`http://([a-z][a-z0-9-]*:\d+)`)
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			objects := built(t, "cluster/kubernetes/"+engine)
			served := ports(t, objects)
			var uses []string
			for _, w := range objects {
				for _, text := range w.Data {
					uses = append(uses, text)
				}
				for _, c := range w.Spec.Template.Spec.Containers {
					uses = append(uses, c.Args...)
					for _, m := range regexp.MustCompile(`address=\S*:(\d+)`).FindAllStringSubmatch(strings.Join(c.Args, " "), -1) {
						n, _ := strconv.Atoi(m[1])
						if !strings.Contains(fmt.Sprint(c.Ports), fmt.Sprint(" ", n, "}")) && n != 10901 {
							t.Errorf("%s listens on %d, which is no port of the pod", w.Metadata.Name, n)
						}
					}
				}
			}
			found := address.FindAllStringSubmatch(strings.Join(uses, "\n"), -1)
			for _, m := range found {
				if !slices.Contains(served, m[1]) {
					t.Errorf("no service has %s; there are %v", m[1], served)
				}
			}
			if len(found) < 3 { // the agents', serve's, and what serve reads from
				t.Errorf("only %v", found)
			}
		})
	}
}

// TestHashring: every receiver is in the ring, by the name that it calls itself.
func TestHashring(t *testing.T) {
	objects := built(t, "cluster/kubernetes/thanos")
	receive := objects["StatefulSet thanos-receive"]
	args := receive.Spec.Template.Spec.Containers[0].Args
	local, found := "", false
	for _, arg := range args {
		if after, ok := strings.CutPrefix(arg, "--receive.local-endpoint="); ok {
			local, found = after, true
		}
	}
	var ring []struct {
		Endpoints []struct {
			Address string `json:"address"`
		}
	}
	if err := json.Unmarshal([]byte(objects["ConfigMap thanos-hashring"].Data["hashring.json"]), &ring); err != nil || !found {
		t.Fatal(err, args)
	}
	if len(ring) != 1 || len(ring[0].Endpoints) != receive.Spec.Replicas || !slices.Contains(args, fmt.Sprint("--receive.replication-factor=", receive.Spec.Replicas)) {
		t.Errorf("%d replicas, the ring %+v, and %q", receive.Spec.Replicas, ring, args)
	}
	for i, e := range ring[0].Endpoints {
		if want := strings.ReplaceAll(local, "$(POD_NAME)", fmt.Sprint(receive.Metadata.Name, "-", i)); e.Address != want {
			t.Errorf("the ring has %s, receiver %d calls itself %s", e.Address, i, want)
		}
	}
}

// TestWrongManifests: what Kubernetes does not know is an error.
func TestWrongManifests(t *testing.T) {
	for _, tt := range []struct{ file, right, wrong, want string }{
		{"agents/statefulset.yaml", "topologyKey:", "topologyKeys:", "topologyKeys"},
		{"thanos/receive.yaml", "containerPort: 10901", "containerPort: grpc", "containerPort"},
		{"victoriametrics/victoriametrics.yaml", "readinessProbe:", "readynessProbe:", "readynessProbe"},
	} {
		root := t.TempDir()
		for _, dir := range []string{"cluster/kubernetes", "kubernetes"} {
			if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(dir)); err != nil && !errors.Is(err, fs.ErrExist) {
				t.Fatal(err)
			}
		}
		file := filepath.Join(root, "cluster/kubernetes", tt.file)
		text := read(t, file)
		if !strings.Contains(text, tt.right) {
			t.Fatalf("%s has no %s", tt.file, tt.right)
		}
		testfile.Write(t, file, strings.Replace(text, tt.right, tt.wrong, 1))
		out, err := exec.Command(programs.File(t, "check"), "kubernetes", filepath.Dir(file)).CombinedOutput()
		if err == nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s with %s: %v\n%s", tt.file, tt.wrong, err, out)
		}
	}
}

// TestEngineArguments: the programs of the versions that the manifests name have these flags.
func TestEngineArguments(t *testing.T) {
	victoria := built(t, "cluster/kubernetes/victoriametrics")["StatefulSet victoriametrics"].Spec.Template.Spec.Containers[0]
	check(t, programs.File(t, "victoria-metrics"), append(slices.Clone(victoria.Args), "-version")...)
	if out, err := exec.Command(programs.File(t, "victoria-metrics"), "-dedup.interval=1s", "-version").CombinedOutput(); err == nil {
		t.Errorf("an unknown flag is accepted: %s", out)
	}
	if os.Getenv("TACHO_TEST_CLUSTER") == "" {
		t.Log("the flags of Thanos are compared where it is built: make cluster")
		return
	}
	objects := built(t, "cluster/kubernetes/thanos")
	for _, key := range []string{"StatefulSet thanos-receive", "Deployment thanos-query"} {
		args := objects[key].Spec.Template.Spec.Containers[0].Args
		help, err := exec.Command(programs.File(t, "thanos"), args[0], "--help").CombinedOutput() // it prints it to stderr
		if err != nil {
			t.Fatalf("thanos %s --help: %v\n%s", args[0], err, help)
		}
		for _, arg := range args[1:] {
			if flag, _, _ := strings.Cut(arg, "="); !strings.Contains(string(help), flag+"=") {
				t.Errorf("thanos %s has no %s", args[0], flag)
			}
		}
	}
}

// TestAgentPod: an agent of the pair discovers the annotated pods with no more permissions than its role has,
// and writes their samples with its own name as the replica, where the engine tells replicas apart by it.
func TestAgentPod(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			objects := built(t, "cluster/kubernetes/"+engine)
			set := objects["StatefulSet tacho-agent"].object
			config := objects["ConfigMap tacho-agent"].object
			receiver := serve(t, nil, "--receive", "--no-rules")
			config.Data["prometheus.yml"] = regexp.MustCompile(`http://\S+`).ReplaceAllString(config.Data["prometheus.yml"], receiver.url+"api/v1/write")
			config.Data["prometheus.yml"] = strings.Replace(config.Data["prometheus.yml"], "scrape_interval: 15s", "scrape_interval: 1s\n  scrape_timeout: 1s", 1)
			spec := &set.Spec.Template.Spec
			for i, e := range spec.Containers[0].Env {
				if e.Name == "POD_NAME" {
					spec.Containers[0].Env[i].Value = "tacho-agent-1"
				}
			}
			o := map[string]object{
				"StatefulSet": set, "ConfigMap": config,
				"ClusterRole": objects["ClusterRole tacho-agent"].object, "ClusterRoleBinding": objects["ClusterRoleBinding tacho-agent"].object,
			}
			cluster := newCluster(t, []string{clusterPod("shop-1", "127.0.0.1", "Running", map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "1"}, 8080)})
			img := newImage(t, tachoKubernetes(t))
			p := startPod(t, img, o, cluster.account(t, img)...)
			p.awaitReady(http.DefaultClient)
			replica := map[string]string{"thanos": "tacho-agent-1", "victoriametrics": ""}[engine]
			receiver.awaitQuery(fmt.Sprintf(`count(up{cluster="main",job="shop",pod="shop-1",namespace="default",agent_replica=%q})`, replica), "1")
			cluster.allowed(t, o)
		})
	}
}

// TestServePod: the page of each setup starts before its engine.
func TestServePod(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			objects := built(t, "cluster/kubernetes/"+engine)
			o := map[string]object{"StatefulSet": objects["StatefulSet tacho"].object, "ConfigMap": objects["ConfigMap tacho"].object}
			p := startPod(t, newImage(t, tachoProgram(t)), o)
			p.awaitReady(http.DefaultClient)
			if said := p.log.String(); !strings.Contains(said, "Engine   http://") || strings.Contains(said, "alerts only") {
				t.Errorf("it says\n%s", said)
			}
		})
	}
}
