//go:build linux

package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/internal/testfile"
)

// An object is the part of a Kubernetes object that the tests read.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Data     map[string]string
	Rules    []struct{ APIGroups, Resources, Verbs []string }
	RoleRef  struct{ Kind, Name string }
	Subjects []struct{ Kind, Name, Namespace string }
	Spec     struct {
		ServiceName          string
		Template             pod
		VolumeClaimTemplates []struct {
			Metadata struct{ Name string }
			Spec     struct {
				Resources struct{ Requests map[string]string }
			}
		}
		Ports []struct {
			Port       int
			TargetPort any
		}
		Selector json.RawMessage
	}
}

// A pod is the part of a pod that the tests read.
type pod struct {
	Metadata struct{ Labels map[string]string }
	Spec     struct {
		ServiceAccountName            string
		AutomountServiceAccountToken  *bool
		EnableServiceLinks            *bool
		TerminationGracePeriodSeconds int
		SecurityContext               struct {
			RunAsUser, FSGroup int
			RunAsNonRoot       bool
		}
		Containers []container
		Volumes    []struct {
			Name      string
			ConfigMap *struct{ Name string }
		}
	}
}

// A container is the part of a container that the tests read.
type container struct {
	Image                         string
	Args                          []string
	Env                           []struct{ Name, Value string }
	Ports                         []struct{ Name string }
	LivenessProbe, ReadinessProbe struct {
		HTTPGet struct {
			Path string
			Port any
		}
	}
	Resources       struct{ Limits map[string]string }
	SecurityContext struct{ ReadOnlyRootFilesystem bool }
	VolumeMounts    []struct{ Name, MountPath string }
}

// manifests builds a kustomization. The checker rejects fields that Kubernetes does not have.
func manifests(t *testing.T, name string) map[string]object {
	t.Helper()
	objects := map[string]object{}
	in := json.NewDecoder(bytes.NewReader(check(t, programs.File(t, "check"), "kubernetes", "kubernetes/"+name)))
	for {
		var o object
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		objects[o.Kind] = o
	}
}

// TestManifests: the objects match each other, in both kustomizations.
func TestManifests(t *testing.T) {
	for _, name := range []string{"base", "discovery"} {
		t.Run(name, func(t *testing.T) {
			for _, f := range fits(manifests(t, name)) {
				if f.got != f.want {
					t.Errorf("%s: %s; want %s", f.what, f.got, f.want)
				}
			}
		})
	}
}

// A fit is a reference to a name defined elsewhere.
type fit struct{ what, got, want string }

func fits(o map[string]object) []fit {
	set, service := o["StatefulSet"], o["Service"]
	pod := set.Spec.Template
	c := pod.Spec.Containers[0]
	labels, _ := json.Marshal(pod.Metadata.Labels)
	return []fit{
		{"namespace of the set", set.Metadata.Namespace, o["Namespace"].Metadata.Name},
		{"pods that the set selects", string(set.Spec.Selector), `{"matchLabels":` + string(labels) + `}`},
		{"pods that the service selects", string(service.Spec.Selector), string(labels)},
		{"service of the set", set.Spec.ServiceName, service.Metadata.Name},
		{"port of the service", fmt.Sprint(service.Spec.Ports[0].TargetPort), c.Ports[0].Name},
		{"port of the liveness probe", fmt.Sprint(c.LivenessProbe.HTTPGet.Port), c.Ports[0].Name},
		{"port of the readiness probe", fmt.Sprint(c.ReadinessProbe.HTTPGet.Port), c.Ports[0].Name},
		{"account of the pod", pod.Spec.ServiceAccountName, o["ServiceAccount"].Metadata.Name},
		{"configuration", pod.Spec.Volumes[0].ConfigMap.Name, o["ConfigMap"].Metadata.Name},
		{"volumes", mounted(c), volumes(set)},
	}
}

// mounted and volumes list the names of volumes, sorted.
func mounted(c container) string {
	var names []string
	for _, m := range c.VolumeMounts {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func volumes(set object) string {
	var names []string
	for _, v := range set.Spec.Template.Spec.Volumes {
		names = append(names, v.Name)
	}
	for _, v := range set.Spec.VolumeClaimTemplates {
		names = append(names, v.Metadata.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestPodLimits: values that appear twice agree.
func TestPodLimits(t *testing.T) {
	set := manifests(t, "base")["StatefulSet"]
	spec := set.Spec.Template.Spec
	c := spec.Containers[0]
	env := environment(c)
	atMost := func(what, got, most string, share float64) {
		if have, limit := size(t, got), size(t, most); have > share*limit || have < limit/2 {
			t.Errorf("%s is %s; want at most %g of %s, and at least half of that", what, got, share, most)
		}
	}
	atMost("GOMEMLIMIT", env["GOMEMLIMIT"], c.Resources.Limits["memory"], 0.9)
	claim := set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests["storage"]
	atMost("TACHO_RETENTION_SIZE", env["TACHO_RETENTION_SIZE"], claim, 0.8)
	if !c.SecurityContext.ReadOnlyRootFilesystem || !spec.SecurityContext.RunAsNonRoot {
		t.Error("the pod may write to its image or be root")
	}
	if user := newImage(t, tachoProgram(t)).config.User; user != fmt.Sprintf("%d:%d", spec.SecurityContext.RunAsUser, spec.SecurityContext.FSGroup) {
		t.Errorf("the image's user is %s, the pod's %+v", user, spec.SecurityContext)
	}
	// TACHO_PORT=tcp://… would be read as a setting.
	if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
		t.Error("the pod gets variables for the Service tacho, which start with TACHO_")
	}
}

// size parses a size of Kubernetes (1Gi), Go (920MiB) or tacho (7GiB).
func size(t *testing.T, text string) float64 {
	t.Helper()
	number := strings.TrimSuffix(strings.TrimSuffix(text, "B"), "i")
	for unit, factor := range map[string]float64{"M": 1 << 20, "G": 1 << 30} {
		if n, ok := strings.CutSuffix(number, unit); ok {
			value, err := strconv.ParseFloat(n, 64)
			if err == nil {
				return value * factor
			}
		}
	}
	t.Fatalf("%q is not a size", text)
	return 0
}

func environment(c container) map[string]string {
	env := map[string]string{}
	for _, v := range c.Env {
		env[v.Name] = v.Value
	}
	return env
}

// startPod runs the pod of a kustomization as Kubernetes would: in the image, with its
// arguments, environment and configuration, on a free port of the loopback address.
func startPod(t *testing.T, img image, o map[string]object, env ...string) *process {
	t.Helper()
	spec := o["StatefulSet"].Spec.Template.Spec
	c := spec.Containers[0]
	for _, m := range c.VolumeMounts {
		if m.Name != spec.Volumes[0].Name {
			continue
		}
		for file, text := range o["ConfigMap"].Data {
			testfile.Write(t, filepath.Join(img.root, m.MountPath, file), text)
		}
	}
	values := environment(c)
	values["TACHO_LISTEN"] = "127.0.0.1:0"
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	return start(t, img.command(t, env, c.Args...))
}

// TestPod: the pod of the base runs, answers its probes, and stops before it is killed.
func TestPod(t *testing.T) {
	o := manifests(t, "base")
	p := startPod(t, newImage(t, tachoProgram(t)), o)
	p.awaitReady(http.DefaultClient)
	spec := o["StatefulSet"].Spec.Template.Spec
	for _, path := range []string{spec.Containers[0].LivenessProbe.HTTPGet.Path, spec.Containers[0].ReadinessProbe.HTTPGet.Path} {
		if status, body := get(http.DefaultClient, p.url+strings.TrimPrefix(path, "/")); status != http.StatusOK {
			t.Errorf("the probe %s returned %d %s", path, status, body)
		}
	}
	p.stop(time.Duration(spec.TerminationGracePeriodSeconds) * time.Second / 3)
}

// TestPodConfiguration: promtool accepts the configuration of the base. Debian's promtool cannot
// check that of discovery, because it lacks Kubernetes.
func TestPodConfiguration(t *testing.T) {
	for _, dir := range []string{"/usr/bin", "/usr/local/bin"} {
		if file := filepath.Join(dir, "promtool"); exists(file) {
			check(t, file, "check", "config", "kubernetes/base/prometheus.yml")
			return
		}
	}
	t.Fatal("promtool is missing: install Debian's package prometheus (scripts/install-peers does)")
}

// TestPodDiscovers: with Kubernetes discovery the pod finds annotated pods at the annotated
// address, and needs no permission beyond the role's.
func TestPodDiscovers(t *testing.T) {
	o := manifests(t, "discovery")
	cluster := newCluster(t, []string{
		clusterPod("shop-1", "10.1.0.1", "Running", map[string]string{"prometheus.io/scrape": "true"}, 8080),
		clusterPod("shop-2", "10.1.0.2", "Running", map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "9100", "prometheus.io/path": "/m"}, 8080, 8443),
		clusterPod("shop-6", "fd00::6", "Running", map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "9100"}, 8080),
		clusterPod("silent", "10.1.0.3", "Running", nil, 8080),
		clusterPod("job", "10.1.0.4", "Succeeded", map[string]string{"prometheus.io/scrape": "true"}, 8080),
	})
	img := newImage(t, tachoKubernetes(t))
	p := startPod(t, img, o, cluster.account(t, img)...)
	p.awaitReady(http.DefaultClient)

	want := []string{
		"http://10.1.0.1:8080/metrics job=shop pod=shop-1",
		"http://10.1.0.2:9100/m job=shop pod=shop-2",
		"http://[fd00::6]:9100/metrics job=shop pod=shop-6",
	}
	var got []string
	await(t, "the pods to be discovered", func() bool {
		got = targets(t, p)
		return len(got) > 0
	})
	if !slices.Equal(got, want) {
		t.Errorf("the targets are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	cluster.allowed(t, o)
}

// targets lists the discovered targets, sorted.
func targets(t *testing.T, p *process) (lines []string) {
	t.Helper()
	_, body := get(http.DefaultClient, p.url+"api/v1/targets?scrapePool=pods&state=active")
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				ScrapeURL string
				Labels    map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, target := range answer.Data.ActiveTargets {
		lines = append(lines, fmt.Sprintf("%s job=%s pod=%s", target.ScrapeURL, target.Labels["job"], target.Labels["pod"]))
	}
	slices.Sort(lines)
	return lines
}
