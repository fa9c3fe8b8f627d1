// Package web serves the metrics as exporter-toolkit's web configuration file
// says: with TLS, client certificates, users with hashed passwords, headers and
// a rate limit. It is the file that Prometheus and its exporters take by
// --web.config.file, and works unchanged:
//
//	tls_server_config:
//	  cert_file: tacho.crt
//	  key_file: tacho.key
//	basic_auth_users:
//	  prometheus: $2a$10$WEgZt1PHN9sx3lGqWVi0NOdR8E/i1S9dzTXmkk8/64PFFcJndNqSW
//
// The metrics have a port of their own then, and the service keeps its own:
//
//	serve, err := web.Config("web.yml", nil)
//	if err != nil {
//		return err
//	}
//	err = m.Serve(ctx, tacho.ServeOptions{Address: ":9464", ServeFunc: serve})
//
// https://prometheus.io/docs/prometheus/latest/configuration/https/ describes
// the file. Paths in it are relative to its own folder. The command
// "htpasswd -nBC 10 prometheus" makes a hash for it.
//
// # With tacho.Access
//
// ServeOptions.Access still applies, inside of the file: a request that the file
// has let in needs an address of Access.Allow, and one of the BearerTokens or
// Users, if there are any. As a request has one Authorization header, nobody can
// show a password and a token: have users in the file or tokens in Access, never
// both. Tokens that Options.Access has for another port count too, until
// ServeOptions has an Access of its own.
//
// The package is a module of its own, so that those who do without it do not get
// exporter-toolkit and what comes with it.
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

// Config returns a function for tacho's ServeOptions.ServeFunc that serves as
// the file says. A file that cannot be used is an error at once, and an empty
// name serves plainly, open to everybody whom ServeOptions.Access lets in.
//
// The file and its certificates are read again while it serves: new users and
// headers apply from the next request on, new certificates from the next
// connection on. Whether there is TLS, HTTP/2 or a rate limit is decided when
// serving begins. A file that is broken later lets nobody in, until it is right
// again.
//
// The logger hears how it is served, and of files that are broken later; nil
// stands for [slog.Default].
func Config(file string, logger *slog.Logger) (func(*http.Server, net.Listener) error, error) {
	if err := validate(file); err != nil {
		return nil, err
	}
	return func(server *http.Server, l net.Listener) error {
		// The toolkit looks at the file once more. We do so first, since its
		// error does not name the file, and leaves the port open.
		if err := validate(file); err != nil {
			_ = l.Close()
			return err
		}
		return toolkit.Serve(l, server, &toolkit.FlagConfig{WebConfigFile: &file}, cmp.Or(logger, slog.Default()))
	}, nil
}

// validate says which file is wrong, and which part of it where the toolkit
// does not: about a hash it passes on what bcrypt says, and nothing else.
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
