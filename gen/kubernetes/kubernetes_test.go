package kubernetes_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tacho-go/tacho/gen/kubernetes"
	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/programs"
)

// all are the options with every object, of a Service and of pods.
func all(pods bool) kubernetes.Options {
	return kubernetes.Options{
		Name: "shop", Namespace: "store", Labels: map[string]string{"release": "prometheus"}, Pods: pods, Interval: 30 * time.Second,
		Prober: "blackbox.monitoring:9115", Probed: []string{"https://shop.example/healthz"},
		Rules: []rulefmt.RuleGroup{rules.Recording(rules.Options{}), rules.Alerts(rules.Options{})},
	}
}

// operator is where the operator's own schemas are: the module of the version below.
const operator = "github.com/prometheus-operator/prometheus-operator@v0.85.0"

// schemas are the schemas of the operator's objects, closed, in a folder for kubeconform.
var schemas = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", operator)
	cmd.Dir, cmd.Env = os.TempDir(), append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "crds")
	if err != nil {
		return "", err
	}
	for _, kind := range []string{"servicemonitor", "podmonitor", "prometheusrule", "probe"} {
		if err := writeSchema(filepath.Join(module.Dir, "jsonnet/prometheus-operator", kind+"s-crd.json"), filepath.Join(dir, kind+".json")); err != nil {
			return dir, err
		}
	}
	return dir, nil
})

func writeSchema(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := json.Unmarshal(text, &crd); err != nil {
		return err
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	schema["properties"].(map[string]any)["metadata"] = map[string]any{"type": "object"}
	closed(schema)
	text, err = json.Marshal(schema)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// closed refuses fields that a schema does not name, which the API server drops silently.
func closed(schema map[string]any) {
	properties, ok := schema["properties"].(map[string]any)
	if _, open := schema["additionalProperties"]; ok && !open {
		schema["additionalProperties"] = false
	}
	for _, p := range properties {
		closed(p.(map[string]any))
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if below, ok := schema[key].(map[string]any); ok {
			closed(below)
		}
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := schemas(); dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// conform validates a file with kubeconform against the operator's schemas, without a network.
func conform(t *testing.T, text string) (string, error) {
	t.Helper()
	dir, err := schemas()
	if err != nil {
		t.Fatal("the operator's schemas:", err)
	}
	cmd := exec.CommandContext(t.Context(), programs.File(t, "kubeconform"), "-strict", "-summary", "-schema-location", dir+"/{{.ResourceKind}}.json", "-")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestObjects: the operator accepts every object.
func TestObjects(t *testing.T) {
	for name, pods := range map[string]bool{"ServiceMonitor": false, "PodMonitor": true} {
		text, err := kubernetes.Objects(all(pods))
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{name, "PrometheusRule", "Probe"} {
			if strings.Count(string(text), "\nkind: "+kind+"\n") != 1 {
				t.Errorf("there is not one %s:\n%.2000s", kind, text)
			}
		}
		out, err := conform(t, string(text))
		if err != nil || !strings.Contains(out, "3 resources found parsing stdin - Valid: 3, Invalid: 0, Errors: 0, Skipped: 0") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestWrongField: a field that the operator does not have, or a wrong value of one, is found in each object.
func TestWrongField(t *testing.T) {
	service, err := kubernetes.Objects(all(false))
	if err != nil {
		t.Fatal(err)
	}
	pods, err := kubernetes.Objects(all(true))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, old, wrong string }{
		{string(service), "interval: 30s", "interval: soon"},
		{string(service), "matchLabels:", "matchLabel:"},
		{string(service), "        - record:", "        - recorded:"},
		{string(service), "          for:", "          keepFiringFor:"},
		{string(service), "jobName:", "job:"},
		{string(pods), "podMetricsEndpoints:", "endpoints:"},
	} {
		broken := strings.Replace(c.text, c.old, c.wrong, 1)
		if broken == c.text {
			t.Errorf("there is no %q", c.old)
			continue
		}
		if out, err := conform(t, broken); err == nil || !strings.Contains(out, "Invalid: 1") {
			t.Errorf("%q is accepted: %v\n%s", c.wrong, err, out)
		}
	}
}

// TestRefused: each error names the value and the fix.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		o    kubernetes.Options
		want error
	}{
		{kubernetes.Options{}, kubernetes.ErrName},
		{kubernetes.Options{Name: "My Shop"}, kubernetes.ErrName},
		{kubernetes.Options{Name: "shop", Namespace: "a.b"}, kubernetes.ErrName},
		{kubernetes.Options{Name: "shop", Port: "not a port"}, kubernetes.ErrPort},
		{kubernetes.Options{Name: "shop", Path: "metrics"}, kubernetes.ErrPath},
		{kubernetes.Options{Name: "shop", Prober: "x:1"}, kubernetes.ErrProbe},
		{kubernetes.Options{Name: "shop", Labels: map[string]string{"a b": "c"}}, kubernetes.ErrLabel},
		{kubernetes.Options{Name: "shop", Selector: map[string]string{"app.kubernetes.io/name": "c d"}}, kubernetes.ErrLabel},
		{kubernetes.Options{Name: "shop", Prober: "x:1", Probed: []string{"shop example"}}, kubernetes.ErrProbed},
	} {
		if _, err := kubernetes.Objects(c.o); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.o, err, c.want)
		}
	}
}
