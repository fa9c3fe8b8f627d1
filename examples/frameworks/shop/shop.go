// Package shop is the business of the example services: the same on every framework.
//
//	GET  /items/{id}     an item, or 404
//	POST /orders         places an order: 201, counted in shop_orders_total
//	GET  /api/v1/stock   in a group or sub-router, where the framework has them
//	GET  /broken         fails by the framework's way to return an error: 500
//	GET  /panic          panics, with the framework's recovery: 500
//	GET  /healthz        not measured; see Options.Exclude.Paths
package shop

import (
	"errors"

	"github.com/tacho-go/tacho"
)

// ErrBroken is what GET /broken returns.
var ErrBroken = errors.New("the till is broken")

// Item returns the text of an item; there is no item 0.
func Item(id string) (text string, found bool) { return "item " + id + "\n", id != "0" }

// Order places an order and returns the confirmation.
func Order(body string) string { return "ordered " + body + "\n" }

// Stock is the answer of GET /api/v1/stock.
const Stock = "42 items\n"

// Orders is the metric on the route POST /orders.
func Orders(m *tacho.Meter) *tacho.Metric {
	return m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
}
