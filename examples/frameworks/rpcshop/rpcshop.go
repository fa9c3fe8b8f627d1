// Package rpcshop is the business of the example services that are called by RPC: the same on gRPC and on
// Connect. All messages are google.protobuf.StringValue, so that no code is generated.
//
//	Item      an item, or NOT_FOUND
//	Order     places an order, counted in shop_orders_total
//	Refuse    fails with the code in the message
//	Broken    returns an error without a code: UNKNOWN
//	Panic     panics, and is recovered outside of the measurement
//	Wait      answers when the client has canceled: CANCELED
//	Stock     a server stream of as many messages as its request has bytes
//	Deliver   a client stream, answered with the number of its messages
//	Haggle    a bidirectional stream: it answers each message, "no" with ABORTED, and "wait" as Wait
package rpcshop

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Service is the full name of the service.
const Service = "shop.Shop"

// Health is a procedure of another service, which is not measured; see tacho.DefaultExclude.
const Health = "/grpc.health.v1.Health/Check"

// Procedure returns the full name of a method.
func Procedure(method string) string { return "/" + Service + "/" + method }

// The codes that the shop uses. gRPC and Connect have the same ones.
const (
	NotFound uint32 = 5
	Aborted  uint32 = 10
)

// A Failure is an error with a code. Each framework has its own type for that.
type Failure struct {
	Code   uint32
	Reason string
}

// Error implements error.
func (f *Failure) Error() string { return fmt.Sprintf("%s (code %d)", f.Reason, f.Code) }

// Unary are the methods with one request and one response.
var Unary = map[string]func(ctx context.Context, in string) (string, error){
	"Item":   item,
	"Order":  func(_ context.Context, in string) (string, error) { return shop.Order(in), nil },
	"Refuse": refuse,
	"Broken": func(context.Context, string) (string, error) { return "", shop.ErrBroken },
	"Panic":  func(context.Context, string) (string, error) { panic(shop.ErrBroken) },
	"Wait":   wait,
}

// A Stream is a method with many requests, many responses, or both.
type Stream struct {
	Requests, Responses bool // many of them

	// Serve serves the method. receive returns io.EOF after the last request.
	Serve func(ctx context.Context, receive func() (string, error), send func(string) error) error
}

// Streams are the other methods.
var Streams = map[string]Stream{
	"Stock":   {Responses: true, Serve: stock},
	"Deliver": {Requests: true, Serve: deliver},
	"Haggle":  {Requests: true, Responses: true, Serve: haggle},
}

// Find returns the stream with a full name, if it is one.
func Find(procedure string) (Stream, bool) {
	s, ok := Streams[strings.TrimPrefix(procedure, Procedure(""))]
	return s, ok
}

// A Client calls a procedure, Health included, with these requests, and returns the responses and the
// code.
type Client func(ctx context.Context, procedure string, in ...string) (out []string, code uint32)

func item(_ context.Context, id string) (string, error) {
	text, found := shop.Item(id)
	if !found {
		return "", &Failure{NotFound, "there is no such item"}
	}
	return text, nil
}

func refuse(_ context.Context, in string) (string, error) {
	code, err := strconv.ParseUint(in, 10, 32)
	if err != nil {
		return "", err
	}
	return "", &Failure{uint32(code), "refused"}
}

func wait(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func stock(_ context.Context, receive func() (string, error), send func(string) error) error {
	in, err := receive()
	for range in {
		if err == nil {
			err = send(shop.Stock)
		}
	}
	return err
}

func deliver(_ context.Context, receive func() (string, error), send func(string) error) error {
	for n := 0; ; n++ {
		if _, err := receive(); err == io.EOF {
			return send(strconv.Itoa(n))
		} else if err != nil {
			return err
		}
	}
}

func haggle(ctx context.Context, receive func() (string, error), send func(string) error) error {
	for {
		in, err := receive()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case in == "no":
			return &Failure{Aborted, "no deal"}
		case in == "wait":
			_, err = wait(ctx, in)
		default:
			err = send(in)
		}
		if err != nil {
			return err
		}
	}
}
