package slo

import (
	"slices"
	"strings"

	"github.com/tacho-go/tacho/schema"
)

// The statuses of requests whose client disconnected say nothing about the service.
const (
	clientGone     = "499"
	clientGoneRPC  = "1|Canceled|CANCELED|CANCELLED|canceled|cancelled"
	failedStatuses = "5.." // and classes, such as 5xx
)

// failed is the regular expression for the statuses of failed requests: that of package schema, of
// which other libraries write only the numbers, or only the codes of RPCs.
func (in counting) failed() string {
	switch {
	case in.ours():
		return schema.ErrorStatus
	case in.schema.RPC:
		return failedRPC
	}
	return failedStatuses
}

func (in counting) gone() string {
	switch {
	case in.ours():
		return clientGone + "|" + clientGoneRPC
	case in.schema.RPC:
		return clientGoneRPC
	}
	return clientGone
}

// ours reports whether tacho itself writes the names, in which a status can be a text or a code.
func (in counting) ours() bool { return in.schema.Name == schema.Default().Name }

// failedRPC is the part of schema.ErrorStatus from the first code of an RPC on.
var failedRPC = func() string {
	all := strings.Split(schema.ErrorStatus, "|")
	return strings.Join(all[slices.Index(all, "2"):], "|")
}()
