package sidecar

import (
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/sidecar/routes"
)

// A router tells the routes of requests.
type router struct {
	table   *routes.Table   // nil without a list
	learner *routes.Learner // nil if nothing is learned
}

// of returns the value of the label path. status is the service's, 0 if it did not respond.
//
// Only the service knows what it serves, so its status decides where the list does not: 404 and 405
// for a path or method that is not in the list is unmatched.
func (t router) of(method, path string, status int) string {
	if template, ok := t.listed(method, path, status); ok {
		return template
	}
	switch {
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return t.learned(path, tacho.Unmatched)
	case t.learner == nil:
		return tacho.Unknown
	case served(status):
		return t.learner.Learn(path)
	}
	return t.learned(path, tacho.Unknown)
}

func (t router) listed(method, path string, status int) (string, bool) {
	if t.table == nil {
		return "", false
	}
	m, ok := t.table.Match(method, path)
	if !ok && isRedirect(status) { // to the path with a slash, as Flask and Django do
		m, ok = t.table.Match(method, path+"/")
	}
	if !ok || !m.Method && !served(status) {
		return "", false
	}
	return m.Template, true
}

// learned returns the template of a path that was served before. A missing user is a 404 of its
// route.
func (t router) learned(path, otherwise string) string {
	if t.learner == nil {
		return otherwise
	}
	if template, known := t.learner.Find(path); known {
		return template
	}
	return otherwise
}

func isRedirect(status int) bool {
	return status == http.StatusMovedPermanently || status == http.StatusPermanentRedirect || status == http.StatusTemporaryRedirect
}

// served reports whether a status shows that the service has a route for the path. An error of the
// client does not: many services respond 401 or 400 before they route.
func served(status int) bool {
	return status != 0 && status < http.StatusBadRequest || status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}
