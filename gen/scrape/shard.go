// Package scrape divides the targets of a prometheus.yml among several servers.
//
//	files, err := scrape.Shard(text, 3)
//
// Each file has all jobs. A relabeling rule hashes the address of a target and keeps one of N, so that
// the servers together scrape each target exactly once, and one that joins a service is scraped
// without a change of the files.
package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// hashLabel holds the shard of a target while it is relabeled. Labels that begin with __ are not stored.
const hashLabel = "__tmp_tacho_shard"

// Errors of Shard.
var (
	// ErrNoJobs is returned for a configuration without scrape_configs.
	ErrNoJobs = errors.New("it has no scrape_configs: there is nothing to divide")
	// ErrJobFiles is returned for jobs in other files, which every server would scrape completely.
	ErrJobFiles = errors.New("scrape_config_files: these jobs would not be divided; put them in scrape_configs")
	// ErrSharded is returned for a configuration that was divided before.
	ErrSharded = errors.New("it is a shard already: divide the configuration that it was made from")
)

// Shard returns n configurations. They differ only in the targets that they keep.
func Shard(text []byte, n int) ([][]byte, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d shards: there must be at least 1", n)
	}
	if bytes.Contains(text, []byte(hashLabel)) {
		return nil, ErrSharded
	}
	all := make([][]byte, n)
	for i := range all {
		part, err := shard(text, n, i)
		if err != nil {
			return nil, err
		}
		all[i] = part
	}
	return all, nil
}

func shard(text []byte, n, i int) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, ErrNoJobs
	}
	root := document.Content[0]
	if files := value(root, "scrape_config_files"); files != nil && len(files.Content) > 0 {
		return nil, fmt.Errorf("line %d: %w", files.Line, ErrJobFiles)
	}
	jobs := value(root, "scrape_configs")
	if jobs == nil || jobs.Kind != yaml.SequenceNode || len(jobs.Content) == 0 {
		return nil, ErrNoJobs
	}
	for _, job := range jobs.Content {
		if err := keepOne(job, n, i); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(&document)
	return out.Bytes(), err
}

// keepOne puts the rules before all others: these may replace the address, as a job of a prober does.
func keepOne(job *yaml.Node, n, i int) error {
	for job.Kind == yaml.AliasNode {
		job = job.Alias
	}
	if job.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d, column %d: a job of scrape_configs is no mapping", job.Line, job.Column)
	}
	rules := value(job, "relabel_configs")
	if rules == nil || rules.Kind != yaml.SequenceNode {
		rules = &yaml.Node{Kind: yaml.SequenceNode}
		set(job, "relabel_configs", rules)
	}
	rules.Style = 0
	rules.Content = append([]*yaml.Node{
		mapping("source_labels", "[__address__]", "modulus", strconv.Itoa(n), "target_label", hashLabel, "action", "hashmod"),
		mapping("source_labels", "["+hashLabel+"]", "regex", `"`+strconv.Itoa(i)+`"`, "action", "keep"),
	}, rules.Content...)
	return nil
}

func value(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func set(mapping *yaml.Node, key string, v *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = v
			return
		}
	}
	mapping.Style = 0
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, v)
}

// mapping is one of keys and values, which are YAML.
func mapping(pairs ...string) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		var v yaml.Node
		if err := yaml.Unmarshal([]byte(pairs[i+1]), &v); err != nil {
			panic("scrape: " + err.Error()) // the texts are ours
		}
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: pairs[i]}, v.Content[0])
	}
	return m
}
