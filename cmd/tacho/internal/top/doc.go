// Package top shows the routes of a service in a terminal, from its /metrics
// alone: what tacho serve's page shows, without a server and without a past.
//
// It is a chain of small steps, each a value that a test can look at:
//
//	doctor.Scrape   one answer of one URL
//	Reading         its HTTP metrics, whatever library's names they have
//	step            what was counted between two readings of one URL
//	Picture         the steps of all URLs, added up: rows and totals
//	View            which rows, in which order, and what a key does to that
//	[]Line          text of a given width and height
//
// Only live.go and the files beginning with terminal know that there is a terminal.
package top
