// Frameworks is the same small shop on every framework, with the same metrics: each package below shows
// how little a service needs. The module stands outside of the workspace, because some frameworks need
// many others.
//
//	cd examples/frameworks && GOWORK=off go run . chi
//	curl http://127.0.0.1:8080/items/7
//	curl http://127.0.0.1:8080/metrics
//
// Those called by RPC (grpc, connect, connectv1) have their metrics at 127.0.0.1:9464.
package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/frameworks/chishop"
	"github.com/tacho-go/tacho/examples/frameworks/connectshop"
	"github.com/tacho-go/tacho/examples/frameworks/connectv1shop"
	"github.com/tacho-go/tacho/examples/frameworks/echoshop"
	"github.com/tacho-go/tacho/examples/frameworks/echov4shop"
	"github.com/tacho-go/tacho/examples/frameworks/fasthttpshop"
	"github.com/tacho-go/tacho/examples/frameworks/fibershop"
	"github.com/tacho-go/tacho/examples/frameworks/fiberv2shop"
	"github.com/tacho-go/tacho/examples/frameworks/ginshop"
	"github.com/tacho-go/tacho/examples/frameworks/goashop"
	"github.com/tacho-go/tacho/examples/frameworks/gorillashop"
	"github.com/tacho-go/tacho/examples/frameworks/gozeroshop"
	"github.com/tacho-go/tacho/examples/frameworks/grpcshop"
	"github.com/tacho-go/tacho/examples/frameworks/hertzshop"
	"github.com/tacho-go/tacho/examples/frameworks/httproutershop"
	"github.com/tacho-go/tacho/examples/frameworks/humashop"
	"github.com/tacho-go/tacho/examples/frameworks/kratosshop"
	"github.com/tacho-go/tacho/examples/frameworks/nethttp"
	"github.com/tacho-go/tacho/examples/frameworks/ogenshop"
	"github.com/tacho-go/tacho/examples/frameworks/rpcshop"
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

// An rpcShop is the shop called by RPC, and a client of it.
type rpcShop struct {
	open func() (m *tacho.Meter, serve func(net.Listener) error)
	dial func(m *tacho.Meter, address string) (call rpcshop.Client, hangUp func(), err error)
}

// rpcShops serve package rpcshop.
var rpcShops = map[string]rpcShop{
	"connect":   {connectshop.New, connectshop.Dial},
	"connectv1": {connectv1shop.New, connectv1shop.Dial},
	"grpc":      {grpcshop.New, grpcshop.Dial},
}

func main() {
	serve := find(os.Args[1:])
	if serve == nil {
		names := slices.Sorted(maps.Keys(shops))
		names = slices.AppendSeq(names, maps.Keys(rpcShops))
		fmt.Fprintf(os.Stderr, "name a framework: %s\n", strings.Join(slices.Sorted(slices.Values(names)), ", "))
		os.Exit(2)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:8080")
	if err == nil {
		fmt.Printf("listening on http://%s\n", ln.Addr())
		err = serve(ln)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// find returns what serves the framework that is named, or nil. The metrics of RPCs have a port of their
// own.
func find(args []string) func(net.Listener) error {
	if len(args) != 1 {
		return nil
	}
	s, ok := rpcShops[args[0]]
	if !ok {
		return shops[args[0]]
	}
	return func(ln net.Listener) error {
		m, serve := s.open()
		go func() {
			fmt.Fprintln(os.Stderr, m.Serve(context.Background(), tacho.ServeOptions{Address: "127.0.0.1:9464"}))
		}()
		return serve(ln)
	}
}
