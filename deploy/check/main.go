// Check reads the files in the parent folder with the parsers of the programs that they are
// meant for. It is a separate module because those are large; deploy_test.go runs it.
//
//	go run . dockerfile FILE     BuildKit's parser and all its lint rules; prints the image's configuration as JSON
//	go run . kubernetes FOLDER   kustomize, then Kubernetes's own types; prints the objects as JSON
//	go run . compose FILE        the loader of docker compose; prints the project as JSON
package main

import (
	"fmt"
	"io"
	"os"
)

var checks = map[string]func(path string, out io.Writer) error{
	"dockerfile": checkDockerfile,
	"kubernetes": checkKubernetes,
	"compose":    checkCompose,
}

func main() {
	if len(os.Args) != 3 || checks[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: check dockerfile|kubernetes|compose PATH")
		os.Exit(64)
	}
	if err := checks[os.Args[1]](os.Args[2], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[2], err)
		os.Exit(1)
	}
}
