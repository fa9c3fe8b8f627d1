package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"go.yaml.in/yaml/v3"
)

// noteStrangers warns where others than this machine can do what is said.
func noteStrangers(w io.Writer, address, webConfig, can string) {
	switch {
	case loopback(address), guarded(webConfig):
	case webConfig == "":
		fmt.Fprintf(w, "  Note     everybody who reaches this port can %s; --web-config gives it TLS and users\n", can)
	default:
		fmt.Fprintf(w, "  Note     everybody who reaches this port can %s: %s has no basic_auth_users and verifies no client certificate\n", can, webConfig)
	}
}

// guarded is true if a web configuration lets in only users, or clients with a certificate.
// The file has been checked already.
func guarded(webConfig string) bool {
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

// loopback is true if only this machine can reach an address that is listened on.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
