// Frameworks is the same small shop on every framework, with the same metrics: each package below shows
// how little a service needs. The module stands outside of the workspace, because some frameworks need
// many others.
//
//	cd examples/frameworks && GOWORK=off go run . chi
//	curl http://127.0.0.1:8080/items/7
//	curl http://127.0.0.1:8080/metrics
package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/examples/frameworks/chishop"
	"github.com/tacho-go/tacho/examples/frameworks/echoshop"
	"github.com/tacho-go/tacho/examples/frameworks/echov4shop"
	"github.com/tacho-go/tacho/examples/frameworks/fasthttpshop"
	"github.com/tacho-go/tacho/examples/frameworks/fibershop"
	"github.com/tacho-go/tacho/examples/frameworks/fiberv2shop"
	"github.com/tacho-go/tacho/examples/frameworks/ginshop"
	"github.com/tacho-go/tacho/examples/frameworks/goashop"
	"github.com/tacho-go/tacho/examples/frameworks/gorillashop"
	"github.com/tacho-go/tacho/examples/frameworks/gozeroshop"
	"github.com/tacho-go/tacho/examples/frameworks/hertzshop"
	"github.com/tacho-go/tacho/examples/frameworks/httproutershop"
	"github.com/tacho-go/tacho/examples/frameworks/humashop"
	"github.com/tacho-go/tacho/examples/frameworks/kratosshop"
	"github.com/tacho-go/tacho/examples/frameworks/nethttp"
	"github.com/tacho-go/tacho/examples/frameworks/ogenshop"
)

// shops serve the shop until their listener is closed.
var shops = map[string]func(net.Listener) error{
	"chi":        chishop.Serve,
	"echo":       echoshop.Serve,
	"echov4":     echov4shop.Serve,
	"fasthttp":   fasthttpshop.Serve,
	"fiber":      fibershop.Serve,
	"fiberv2":    fiberv2shop.Serve,
	"gin":        ginshop.Serve,
	"goa":        goashop.Serve,
	"gorilla":    gorillashop.Serve,
	"gozero":     gozeroshop.Serve,
	"hertz":      hertzshop.Serve,
	"httprouter": httproutershop.Serve,
	"huma":       humashop.Serve,
	"kratos":     kratosshop.Serve,
	"nethttp":    nethttp.Serve,
	"ogen":       ogenshop.Serve,
}

func main() {
	if len(os.Args) != 2 || shops[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "name a framework: %s\n", strings.Join(slices.Sorted(maps.Keys(shops)), ", "))
		os.Exit(2)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:8080")
	if err == nil {
		fmt.Printf("listening on http://%s\n", ln.Addr())
		err = shops[os.Args[1]](ln)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
