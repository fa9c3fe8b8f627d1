//go:build linux

package deploy

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/internal/testfile"
)

// clusterPod returns a pod of an application as the API server represents it.
func clusterPod(name, ip, phase string, annotations map[string]string, ports ...int) string {
	var list []map[string]any
	for _, p := range ports {
		list = append(list, map[string]any{"containerPort": p, "protocol": "TCP"})
	}
	text, _ := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": name, "namespace": "default", "uid": name, "resourceVersion": "1",
			"annotations": annotations, "labels": map[string]string{"app.kubernetes.io/name": "shop"}},
		"spec":   map[string]any{"nodeName": "n", "containers": []any{map[string]any{"name": "c", "image": "i", "ports": list}}},
		"status": map[string]any{"phase": phase, "podIP": ip, "hostIP": "10.0.0.1"},
	})
	return string(text)
}

// A cluster is an API server with pods and nothing else.
type cluster struct {
	*httptest.Server
	pods []string
	mu   sync.Mutex
	uses map[[2]string]bool // verb and resource
}

const clusterToken = "a-token"

func newCluster(t *testing.T, pods []string) *cluster {
	t.Helper()
	c := &cluster{pods: pods, uses: map[[2]string]bool{}}
	c.Server = httptest.NewTLSServer(c)
	t.Cleanup(func() { c.CloseClientConnections(); c.Close() })
	return c
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+clusterToken {
		http.Error(w, "missing or wrong token", http.StatusUnauthorized)
		return
	}
	verb := "list"
	if r.FormValue("watch") != "" {
		verb = "watch"
	}
	c.mu.Lock()
	c.uses[[2]string{verb, strings.TrimPrefix(r.URL.Path, "/api/v1/")}] = true
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path != "/api/v1/pods":
		http.NotFound(w, r)
	case verb == "list":
		fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[%s]}`, strings.Join(c.pods, ","))
	case r.FormValue("sendInitialEvents") != "":
		// Like an API server without streaming lists; the client then lists.
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"sendInitialEvents is forbidden"}`)
	default:
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// account gives an image what a pod needs to call the API server: files and environment.
func (c *cluster) account(t *testing.T, img image) (env []string) {
	t.Helper()
	dir := filepath.Join(img.root, "var/run/secrets/kubernetes.io/serviceaccount")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})
	testfile.Write(t, filepath.Join(dir, "ca.crt"), string(authority))
	testfile.Write(t, filepath.Join(dir, "token"), clusterToken)
	host, port, err := net.SplitHostPort(c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port}
}

// allowed checks that the role allows exactly the requests that were made, for the pod's
// account, whose token is mounted.
func (c *cluster) allowed(t *testing.T, o map[string]object) {
	t.Helper()
	binding, spec := o["ClusterRoleBinding"], o["StatefulSet"].Spec.Template.Spec
	if s := binding.Subjects[0]; binding.RoleRef.Name != o["ClusterRole"].Metadata.Name || s.Name != spec.ServiceAccountName || s.Namespace != o["StatefulSet"].Metadata.Namespace {
		t.Errorf("the binding is %+v %+v", binding.RoleRef, binding.Subjects)
	}
	if spec.AutomountServiceAccountToken == nil || !*spec.AutomountServiceAccountToken {
		t.Error("the pod has no token")
	}
	may := map[[2]string]bool{}
	for _, rule := range o["ClusterRole"].Rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				may[[2]string{verb, resource}] = true
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for use := range c.uses {
		if !may[use] {
			t.Errorf("the pod requests %q, which the role does not allow", use)
		}
	}
}
