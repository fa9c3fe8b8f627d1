// Package web serves the metrics with exporter-toolkit's web configuration file: TLS, client
// certificates, users with hashed passwords, headers and a rate limit. It is the same file that
// Prometheus and its exporters read with --web.config.file:
//
//	tls_server_config:
//	  cert_file: tacho.crt
//	  key_file: tacho.key
//	basic_auth_users:
//	  prometheus: $2a$10$WEgZt1PHN9sx3lGqWVi0NOdR8E/i1S9dzTXmkk8/64PFFcJndNqSW
//
// The metrics then have a separate port, and the service keeps its own:
//
//	serve, err := web.Config("web.yml", nil)
//	if err != nil {
//		return err
//	}
//	err = m.Serve(ctx, tacho.ServeOptions{Address: ":9464", ServeFunc: serve})
//
// https://prometheus.io/docs/prometheus/latest/configuration/https/ describes the file. Paths in
// it are relative to its folder. "htpasswd -nBC 10 prometheus" generates a hash.
//
// # With tacho.Access
//
// ServeOptions.Access applies in addition to the file: a request that the file allows also needs
// an address in Access.Allow, and one of the BearerTokens or Users, if there are any. A request
// has a single Authorization header, so it cannot carry both a password and a token: use either
// users in the file or tokens in Access. Tokens in Options.Endpoint.Access for another port also count,
// unless ServeOptions has its own Access.
//
// Services and the command tacho may import this package. It is a separate module, so that other
// users of tacho do not get exporter-toolkit and its dependencies. It must not depend on the
// root package.
package web

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Config returns a function for tacho's ServeOptions.ServeFunc that serves with a web
// configuration file. It returns an error for an unusable file. With an empty name it serves
// plain HTTP to every client that ServeOptions.Access allows.
//
// The file and its certificates are reloaded while it serves: new users and headers apply from
// the next request on, new certificates from the next connection on. TLS, HTTP/2 and the rate
// limit are fixed when serving starts. If the file becomes invalid, all requests are refused
// until it is valid again.
//
// The logger receives messages about the way of serving and about invalid files; nil means
// [slog.Default].
func Config(file string, logger *slog.Logger) (func(*http.Server, net.Listener) error, error) {
	if err := validate(file); err != nil {
		return nil, err
	}
	return func(server *http.Server, l net.Listener) error {
		// The toolkit validates the file, too, but its error does not name the file, and it
		// leaves the port open. So validate first.
		if err := validate(file); err != nil {
			_ = l.Close()
			return err
		}
		return toolkit.Serve(l, server, &toolkit.FlagConfig{WebConfigFile: &file}, cmp.Or(logger, slog.Default()))
	}, nil
}

// validate returns an error that names the file and, where the toolkit does not, the faulty
// part: for a hash the toolkit only passes on bcrypt's error.
func validate(file string) error {
	err := toolkit.Validate(file)
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), "crypto/bcrypt: "):
		err = fmt.Errorf("basic_auth_users: a password is not a bcrypt hash: %w", err)
	}
	return fmt.Errorf("tacho: web configuration %s: %w", file, err)
}
