package dash_test

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
	"testing"
)

// vendored are the third-party files below static/vendor, as in their npm packages.
var vendored = []struct{ file, version, licence, sum string }{
	{"uPlot.iife.min.js", "uplot 1.6.32", "MIT", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"},
	{"uPlot.min.css", "uplot 1.6.32", "MIT", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"},
	{"uPlot.LICENSE.txt", "uplot 1.6.32", "MIT", "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"},
}

// TestVendored: vendored files are as released, and there are no others.
func TestVendored(t *testing.T) {
	known := map[string]string{}
	for _, v := range vendored {
		known[v.file] = v.sum
	}
	for name, text := range files(t) {
		if path.Dir(name) != "vendor" {
			continue
		}
		sum := sha256.Sum256([]byte(text))
		if got := hex.EncodeToString(sum[:]); got != known[path.Base(name)] {
			t.Errorf("%s has the SHA-256 %s, which is not that of its release", name, got)
		}
		delete(known, path.Base(name))
	}
	for name := range known {
		t.Errorf("%s is missing", name)
	}
	if !strings.Contains(files(t)["vendor/uPlot.iife.min.js"], "(v1.6.32)") {
		t.Error("uPlot says that it has another version")
	}
}
