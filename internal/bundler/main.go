// Command bundler makes the files that a browser loads (dash/bundle) from the modules of
// the page (dash/static). `go generate ./dash` runs it; the result is checked in, so
// that neither a build nor a program needs esbuild.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", "static", "folder of the modules")
	to := flag.String("to", "bundle", "folder to write; what else is in it is deleted")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		log.Fatal("bundler: ", err)
	}
}

func run(from, to string) error {
	files, err := bundle(from)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
