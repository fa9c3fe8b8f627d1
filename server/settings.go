package server

import "github.com/prometheus/prometheus/config"

// settings are a configuration and the contents of all files that it refers to, read
// once. After a failed reload, the previous settings are restored from memory, even
// if the files have changed.
type settings struct {
	file     *config.Config // as it was written
	expanded *config.Config // including the jobs of scrape_config_files
	builtin  []RuleFile     // the rules of Options
	rules    []RuleFile     // rule_files
}
