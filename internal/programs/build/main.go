// Build builds the programs that tests start into bin/test and shows its progress.
//
//	go run ./internal/programs/build              all of them
//	go run ./internal/programs/build tacho gin    some
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/tacho-go/tacho/internal/programs"
)

func main() {
	names := os.Args[1:]
	if len(names) == 0 {
		names = programs.Names()
	}
	if err := build(names); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build(names []string) error {
	dir, err := programs.Dir()
	if err != nil {
		return err
	}
	for i, name := range names {
		begin := time.Now()
		fmt.Printf("build %2d/%d  %-18s", i+1, len(names), name)
		if _, err := programs.Build(dir, name); err != nil {
			fmt.Println("failed")
			return err
		}
		fmt.Printf("%6.1f s\n", time.Since(begin).Seconds())
	}
	return nil
}
