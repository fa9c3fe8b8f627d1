package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// rpcCodes are the codes of the RPCs; their message selects one. Connect has the same.
var rpcCodes = []codes.Code{codes.OK, codes.AlreadyExists, codes.NotFound, codes.Internal}

const rpcService = "bench.Shop"

func rpcMethod(route int) string    { return fmt.Sprintf("R%d", route) }
func rpcProcedure(route int) string { return "/" + rpcService + "/" + rpcMethod(route) }

// codeOf returns the code that a message selects.
func codeOf(in *wrapperspb.StringValue) codes.Code { return rpcCodes[in.Value[0]-'0'] }

// reply is the response to all RPCs that succeed.
func reply() *wrapperspb.StringValue { return wrapperspb.String(string(body)) }

// An rpc is one RPC: as a client sends it, and as net/http's server has read it in two protocols.
//
// Most of an RPC over a connection is the transport's work, several times what measuring adds. So
// the rows for RPCs call the servers as http.Handlers, where everything that a server does with a
// request runs, but no transport. The rows with bufconn show the whole.
type rpc struct {
	procedure     string
	message       *wrapperspb.StringValue
	grpc, connect wire
}

func newRPC(ctx context.Context, route, status int) *rpc {
	message := wrapperspb.String(strconv.Itoa(status))
	encoded, err := proto.Marshal(message)
	if err != nil {
		panic(err) // a message of a known type
	}
	frame := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(encoded))), encoded...)
	r := &rpc{procedure: rpcProcedure(route), message: message}
	r.grpc = newWire(ctx, r.procedure, "application/grpc", frame)
	r.grpc.request.Proto, r.grpc.request.ProtoMajor, r.grpc.request.ProtoMinor = "HTTP/2.0", 2, 0
	r.grpc.request.Header.Set("Te", "trailers")
	r.connect = newWire(ctx, r.procedure, "application/proto", encoded)
	return r
}

// A wire is a request with a body that can be read again.
type wire struct {
	request *http.Request
	body    *bytes.Reader
}

func newWire(ctx context.Context, path, contentType string, content []byte) wire {
	r := request(ctx, path)
	b := bytes.NewReader(content)
	r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(b), int64(len(content))
	r.Header.Del("Accept-Encoding") // the reply is smaller than its compressed form
	r.Header.Set("Content-Type", contentType)
	return wire{r, b}
}

// serve serves the request. Between two of them, it does what the server does.
func (w wire) serve(h http.Handler, out *sink) {
	_, _ = w.body.Seek(0, io.SeekStart)
	w.request.Pattern = ""
	clear(out.header)
	h.ServeHTTP(out, w.request)
}

// serveRPC sends n RPCs to the service.
func (s service) serveRPC(t *traffic, w *sink, n int) {
	rpcs := t.rpcs()
	for i := range n {
		r := rpcs[t.order[i&(sequenceLength-1)]]
		switch {
		case s.call != nil:
			_, _ = s.call(r)
		default:
			s.wire(r).serve(s.handler, w)
		}
	}
}

// outcome sends one RPC and returns the code and the length of the message.
func (s service) outcome(t *traffic, i int) (code codes.Code, bytes int) {
	if s.call != nil {
		return s.call(t.rpcs()[i])
	}
	out := newSink()
	s.wire(t.rpcs()[i]).serve(s.handler, out)
	return s.decode(out)
}
