package main

import (
	"context"
	"fmt"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/kubernetes"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/rules"
)

const kubernetesLong = `Kubernetes writes objects of the Prometheus Operator for a service: a ServiceMonitor, or
a PodMonitor with --pods, a PrometheusRule with the built-in rules, and a Probe.

  tacho generate kubernetes --name shop --object-label release=prometheus --output shop.yml
  tacho generate kubernetes --name shop --prober blackbox:9115 --probe https://shop.example/`

// kubernetesFlags are the settings of the operator's objects.
type kubernetesFlags struct {
	rules   ruleFlags
	options kubernetes.Options
	omit    bool
}

func (f *kubernetesFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	f.rules.register(flags)
	flags.StringVar(&o.Name, "name", "", "`name` of the service: of the objects and of the job; required")
	flags.StringVar(&o.Namespace, "namespace", "default", "`namespace` of the objects and the service")
	flags.StringToStringVar(&o.Selector, "selector", nil, "`label=value` of the Service, or of the pods with --pods; the default is app.kubernetes.io/name=NAME")
	flags.StringToStringVar(&o.Labels, "object-label", nil, "`label=value` that your Prometheus object selects by, such as release=prometheus")
	flags.StringVar(&o.Port, "port-name", "http", "`name` of the port of the metrics")
	flags.StringVar(&o.Path, "metrics-path", "/metrics", "`path` of the metrics")
	flags.BoolVar(&o.Pods, "pods", false, "scrape the pods themselves, for a service without a Service")
	flags.StringVar(&o.Prober, "prober", "", "`address` of a blackbox exporter, for --probe")
	flags.StringArrayVar(&o.Probed, "probe", nil, "`URL` that the prober requests; repeatable")
	flags.BoolVar(&f.omit, "omit-rules", false, "write no PrometheusRule")
}

func newGenerateKubernetes(s streams) *cobra.Command {
	f := &kubernetesFlags{}
	return generator{
		use: "kubernetes", short: "Objects of the Prometheus Operator", long: kubernetesLong,
		register: f.register, check: f.rules.check, files: f.files,
	}.command(s)
}

func (f *kubernetesFlags) files(ctx context.Context, c call) ([]output.File, error) {
	o := f.options
	o.Interval = f.rules.interval
	if !f.omit {
		ruled, err := f.rules.options(ctx)
		if err != nil {
			return nil, err
		}
		o.Rules = []rulefmt.RuleGroup{rules.Recording(ruled), rules.Means(ruled), rules.Alerts(ruled)}
	}
	text, err := kubernetes.Objects(o)
	if err != nil {
		return nil, usage(fmt.Errorf("generate kubernetes: %w", err))
	}
	return output.With(c.command, []output.File{{Name: "tacho.yml", Content: text}}), nil
}
