// Package top shows the routes of a service in a terminal, from its /metrics alone: the
// table of tacho serve's page, without a server and without history.
//
// It is a pipeline of values that tests can inspect:
//
//	doctor.Scrape   one scrape of one URL
//	Snapshot        its HTTP metrics, whatever their naming scheme
//	step            the increase between two snapshots of one URL
//	Frame           the combined steps of all URLs: rows and totals
//	View            the visible rows and their order, changed by keys
//	[]Line          text of a given width and height
//
// Only live.go and the files beginning with terminal depend on a terminal.
package top
