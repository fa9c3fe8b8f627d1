package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"go.yaml.in/yaml/v3"
)

// notePublicAccess warns if other machines can do the given things without credentials.
func notePublicAccess(w io.Writer, address, webConfig, can string) {
	switch {
	case loopback(address), authenticated(webConfig):
	case webConfig == "":
		fmt.Fprintf(w, "  Note     everyone who can reach this port can %s; configure TLS and users with --web-config\n", can)
	default:
		fmt.Fprintf(w, "  Note     everyone who can reach this port can %s: %s has no basic_auth_users and requires no client certificate\n", can, webConfig)
	}
}

// authenticated reports whether a web configuration requires a user or a client certificate.
// The file must be valid.
func authenticated(webConfig string) bool {
	var c struct {
		TLS struct {
			Clients string `yaml:"client_auth_type"`
		} `yaml:"tls_server_config"`
		Users map[string]string `yaml:"basic_auth_users"`
	}
	text, err := os.ReadFile(webConfig)
	if err != nil || yaml.Unmarshal(text, &c) != nil {
		return false
	}
	return len(c.Users) > 0 || c.TLS.Clients == "RequireAndVerifyClientCert"
}

// loopback reports whether a listen address is reachable from this machine only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
