// Command sloth writes the rules that Sloth's library makes of a file.
package main

import (
	"context"
	"io"
	"log"
	"os"

	sloth "github.com/slok/sloth/pkg/lib"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	g, err := sloth.NewPrometheusSLOGenerator(sloth.PrometheusSLOGeneratorConfig{})
	if err != nil {
		log.Fatal(err)
	}
	r, err := g.GenerateFromRaw(context.Background(), text)
	if err != nil {
		log.Fatal(err)
	}
	if err := g.WriteResultAsPrometheusStd(context.Background(), *r, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
