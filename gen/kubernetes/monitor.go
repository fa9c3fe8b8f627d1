package kubernetes

// An endpoint is what a monitor scrapes.
type endpoint struct {
	Port        string       `yaml:"port"`
	Path        string       `yaml:"path"`
	Interval    string       `yaml:"interval"`
	Relabelings []relabeling `yaml:"relabelings"`
}

type relabeling struct {
	TargetLabel string `yaml:"targetLabel"`
	Replacement string `yaml:"replacement"`
}

// endpoints name the job as everywhere else, so that its limits and dashboards apply.
func (o Options) endpoints() []endpoint {
	return []endpoint{{o.Port, o.Path, duration(o.Interval), []relabeling{{"job", o.Name}}}}
}

type selector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

func serviceMonitor(o Options) *object {
	if o.Pods {
		return nil
	}
	return o.object("ServiceMonitor", struct {
		Selector  selector   `yaml:"selector"`
		Endpoints []endpoint `yaml:"endpoints"`
	}{selector{o.Selector}, o.endpoints()})
}

func podMonitor(o Options) *object {
	if !o.Pods {
		return nil
	}
	return o.object("PodMonitor", struct {
		Selector  selector   `yaml:"selector"`
		Endpoints []endpoint `yaml:"podMetricsEndpoints"`
	}{selector{o.Selector}, o.endpoints()})
}
