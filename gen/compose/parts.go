package compose

import (
	"fmt"
	"strings"

	"github.com/tacho-go/tacho/gen/output"
)

// A part is a program with its container and its files.
type part struct {
	wanted func(Options) bool
	add    func(Options, *project)
	files  func(Options) ([]output.File, error)
}

func named(program string) func(Options) bool {
	return func(o Options) bool { return o.with(program) }
}

func ofKind(kind string) func(Options) bool {
	return func(o Options) bool { return o.Kind == kind }
}

// parts are all programs. Images other than tacho's have a variable, so that a machine can pin them.
var parts = []part{
	{wanted: ofKind("go"), add: goService},
	{wanted: ofKind("flask"), add: flaskService},
	{wanted: func(Options) bool { return true }, add: tachoServe},
	{wanted: named("prometheus"), add: prometheus, files: prometheusFiles},
	{wanted: named("grafana"), add: grafana, files: grafanaFiles},
	{wanted: named("alertmanager"), add: alertmanager, files: alertmanagerFiles},
}

// goService listens on 8080, with its metrics at /metrics.
func goService(o Options, p *project) {
	p.add(o.Name, service{Build: ".", Ports: []string{"127.0.0.1:8080:8080"}})
}

// flaskService is Gunicorn, and an exporter that shares its folder and its processes.
func flaskService(o Options, p *project) {
	dir := map[string]string{"PROMETHEUS_MULTIPROC_DIR": "/prometheus-multiproc"}
	share := []string{"multiproc:/prometheus-multiproc"}
	p.add(o.Name, service{
		Build: ".", Environment: dir, Volumes: share, Ports: []string{"127.0.0.1:5000:5000"},
		Command: []string{"gunicorn", "--bind", "0.0.0.0:5000", "--workers", "2", "app:app"},
	})
	p.add(o.Name+"-metrics", service{
		Image: tachoImage, Volumes: share, PID: "service:" + o.Name, DependsOn: []string{o.Name},
		Command: []string{"multiproc", "--dir", "/prometheus-multiproc", "--listen", ":9200"},
	})
}

// tachoImage is that of deploy/Dockerfile.
const tachoImage = "${TACHO_IMAGE:-tacho}"

func tachoServe(o Options, p *project) {
	command := []string{"serve", o.Name + "=" + o.metrics(), "--listen", ":9464", "--data-dir", "/data"}
	if o.with("alertmanager") {
		command = append(command, "--alertmanager", "http://alertmanager:9093")
	}
	for _, f := range o.ServeFlags {
		command = append(command, strings.ReplaceAll(f, "$", "$$")) // Compose replaces variables
	}
	p.add("tacho", service{Image: tachoImage, Command: command, Ports: []string{"127.0.0.1:9464:9464"}, Volumes: []string{"tacho-data:/data"}})
}

func prometheus(_ Options, p *project) {
	p.add("prometheus", service{
		Image:   "${PROMETHEUS_IMAGE:-prom/prometheus}",
		Command: []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--web.listen-address=:9090"},
		Ports:   []string{"127.0.0.1:9090:9090"},
		Volumes: []string{"./prometheus.yml:/etc/prometheus/prometheus.yml:ro", "./tacho.rules.yml:/etc/prometheus/tacho.rules.yml:ro", "prometheus-data:/prometheus"},
	})
}

func prometheusFiles(o Options) ([]output.File, error) {
	type static struct {
		Targets []string `yaml:"targets"`
	}
	type job struct {
		Name   string   `yaml:"job_name"`
		Static []static `yaml:"static_configs"`
	}
	config := struct {
		Global    map[string]string `yaml:"global"`
		RuleFiles []string          `yaml:"rule_files"`
		Alerting  map[string]any    `yaml:"alerting,omitempty"`
		Jobs      []job             `yaml:"scrape_configs"`
	}{
		Global:    map[string]string{"scrape_interval": o.interval(), "evaluation_interval": o.interval()},
		RuleFiles: []string{"tacho.rules.yml"},
		Jobs:      []job{{o.Name, []static{{[]string{o.metrics()}}}}},
	}
	if o.with("alertmanager") {
		config.Alerting = map[string]any{"alertmanagers": []any{map[string]any{"static_configs": []static{{[]string{"alertmanager:9093"}}}}}}
	}
	text, err := encode(config)
	return []output.File{{Name: "prometheus.yml", Content: text}, {Name: "tacho.rules.yml", Content: o.Rules}}, err
}

func grafana(o Options, p *project) {
	p.add("grafana", service{
		Image: "${GRAFANA_IMAGE:-grafana/grafana}", Ports: []string{"127.0.0.1:3000:3000"},
		Volumes: []string{"./grafana/provisioning:/etc/grafana/provisioning:ro", "./grafana/dashboards:/var/lib/grafana/dashboards:ro", "grafana-data:/var/lib/grafana"},
	})
}

// grafanaFiles read from Prometheus, or from tacho, which has the same API.
func grafanaFiles(o Options) ([]output.File, error) {
	url := "http://tacho:9464"
	if o.with("prometheus") {
		url = "http://prometheus:9090"
	}
	source, err := encode(map[string]any{"apiVersion": 1, "datasources": []any{map[string]any{
		"name": "Prometheus", "type": "prometheus", "access": "proxy", "url": url, "isDefault": true,
		"jsonData": map[string]any{"timeInterval": o.interval(), "httpMethod": "POST"},
	}}})
	if err != nil {
		return nil, fmt.Errorf("write the data source: %w", err)
	}
	provider, err := encode(map[string]any{"apiVersion": 1, "providers": []any{map[string]any{
		"name": "tacho", "folder": "tacho", "type": "file", "options": map[string]any{"path": "/var/lib/grafana/dashboards"},
	}}})
	if err != nil {
		return nil, fmt.Errorf("write the provider of dashboards: %w", err)
	}
	all := []output.File{
		{Name: "grafana/provisioning/datasources/prometheus.yml", Content: source},
		{Name: "grafana/provisioning/dashboards/tacho.yml", Content: provider},
	}
	for _, d := range o.Dashboards {
		all = append(all, output.File{Name: "grafana/dashboards/" + d.Name, Content: d.Content})
	}
	return all, nil
}

func alertmanager(_ Options, p *project) {
	p.add("alertmanager", service{
		Image:   "${ALERTMANAGER_IMAGE:-prom/alertmanager}",
		Command: []string{"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"},
		Ports:   []string{"127.0.0.1:9093:9093"},
		Volumes: []string{"./alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro", "alertmanager-data:/alertmanager"},
	})
}

// alertmanagerFiles group by service. Its only receiver sends nothing: where to, is the user's choice.
func alertmanagerFiles(Options) ([]output.File, error) {
	text, err := encode(struct {
		Route     map[string]any   `yaml:"route"`
		Receivers []map[string]any `yaml:"receivers"`
	}{
		map[string]any{"receiver": "nobody", "group_by": []string{"job", "alertname"}},
		[]map[string]any{{"name": "nobody"}},
	})
	return []output.File{{Name: "alertmanager.yml", Content: text}}, err
}
