package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerui"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// checkDockerfile does the same as docker build --check, without a daemon and without access to
// a registry. It applies every rule, including those off by default, and prints the
// configuration of the image as JSON.
func checkDockerfile(path string, out io.Writer) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	source := llb.NewSourceMap(nil, path, "Dockerfile", text)
	source.Definition = &llb.Definition{} // no build has it, but results copy it
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	opt := dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildPlatforms: []ocispecs.Platform{platform},
			LinterConfig:   &linter.Config{ExperimentalAll: true},
		},
		TargetPlatform: &platform,
		SourceMap:      source,
		MetaResolver:   anyImage{},
	}
	if err := lint(text, opt); err != nil {
		return err
	}
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, opt)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result.Image.Config)
}

// lint returns every warning as an error.
func lint(text []byte, opt dockerfile2llb.ConvertOpt) error {
	results, err := dockerfile2llb.DockerfileLint(context.Background(), text, opt)
	if err != nil {
		return err
	}
	if results.Error != nil {
		return errors.New(results.Error.Message)
	}
	var all []string
	for _, w := range results.Warnings {
		line := int32(0)
		if w.Location != nil && len(w.Location.Ranges) > 0 {
			line = w.Location.Ranges[0].Start.Line
		}
		all = append(all, fmt.Sprintf("line %d: %s (%s)", line, w.Detail, w.RuleName))
	}
	if len(all) > 0 {
		return errors.New(strings.Join(all, "\n"))
	}
	return nil
}

// anyImage replaces every base image by an empty one.
type anyImage struct{}

func (anyImage) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config := []byte(`{"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers"}}`)
	return ref, digest.FromBytes(config), config, nil
}
