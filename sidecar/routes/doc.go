// Package routes finds the route of a request from its path, for services whose router nobody can
// ask: a [Table] holds the templates of a list, and a [Learner] finds templates in the paths of
// requests that were served.
//
// Templates are kept as they are written in the list, so that a label is what the service's own
// metrics would have: /users/<int:id> for Flask, /users/{id} for OpenAPI, /users/:id for Rails.
//
// The package depends on the standard library only. Package sidecar and command tacho use it.
package routes
