package kubernetes

// probe asks a blackbox exporter whether the URLs respond. A service whose instances are all up can still be
// unreachable for its users.
func probe(o Options) *object {
	if o.Prober == "" {
		return nil
	}
	type static struct {
		Static []string `yaml:"static"`
	}
	type targets struct {
		StaticConfig static `yaml:"staticConfig"`
	}
	type prober struct {
		URL string `yaml:"url"`
	}
	return o.object("Probe", struct {
		JobName  string  `yaml:"jobName"`
		Interval string  `yaml:"interval"`
		Module   string  `yaml:"module"`
		Prober   prober  `yaml:"prober"`
		Targets  targets `yaml:"targets"`
	}{o.Name + "-probe", duration(o.Interval), "http_2xx", prober{o.Prober}, targets{static{o.Probed}}})
}
