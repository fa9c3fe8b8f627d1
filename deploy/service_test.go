//go:build linux

package deploy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/testfile"
)

// installed copies the files of /etc/tacho into a folder and returns it. In the copies,
// /etc/tacho is replaced by the folder, and the shop's two addresses by those of real services.
func installed(t *testing.T, settings string) string {
	t.Helper()
	dir := t.TempDir()
	settings = strings.NewReplacer("/etc/tacho", dir, "localhost:8080", service(t), "localhost:8081", service(t)).Replace(settings)
	testfile.Write(t, filepath.Join(dir, "settings.yml"), settings)
	testfile.Write(t, filepath.Join(dir, "web.yml"), "basic_auth_users: {}\n")
	testfile.Write(t, filepath.Join(dir, "targets.json"), "[]\n")
	return dir
}

// service starts a scrape target and returns its host and port.
func service(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 7\n")
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// TestSettings: the unmodified example is accepted, and its services are scraped.
func TestSettings(t *testing.T) {
	dir := installed(t, read(t, "settings.yml"))
	p := serve(t, nil, "--settings", filepath.Join(dir, "settings.yml"), "--interval=1s")
	p.awaitQuery(`count(orders_total{job="shop"})`, "2")
}

// awaitQuery waits until a query returns one value.
func (p *process) awaitQuery(query, want string) {
	p.t.Helper()
	var body string
	await(p.t, query+" to be "+want, func() bool {
		_, body = get(http.DefaultClient, p.url+"api/v1/query?query="+url.QueryEscape(query))
		return strings.Contains(body, `,"`+want+`"]`)
	})
}

// commented matches a setting or an item that is commented out, but not a sentence.
var commented = regexp.MustCompile(`(?m)^( *)# ((?:[a-z-]+:(?: \S+)?|  +- \S+|- \S+))$`)

// TestSettingsCommentedOut: settings that are commented out are valid, too, and every flag of
// serve is listed. An impossible data folder is the last thing checked before tacho sends or
// listens.
func TestSettingsCommentedOut(t *testing.T) {
	settings := commented.ReplaceAllString(read(t, "settings.yml"), "$1$2")
	dir := installed(t, settings)
	said := refused(t, "serve", "--settings", filepath.Join(dir, "settings.yml"), "--data-dir", os.DevNull+"/tacho")
	if !strings.Contains(said, "cannot create the data directory") {
		t.Errorf("the settings are refused: %s", said)
	}
	for _, flag := range flagsOf(t, "serve") {
		if !regexp.MustCompile(`(?m)^ *`+flag+`:`).MatchString(settings) && flag != "help" && flag != "settings" {
			t.Errorf("settings.yml does not show %s", flag)
		}
	}
}

// flagsOf returns the flags of a command, from its help.
func flagsOf(t *testing.T, command ...string) (flags []string) {
	t.Helper()
	help := check(t, tachoProgram(t), append(command, "--help")...)
	for _, found := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`).FindAllSubmatch(help, -1) {
		flags = append(flags, string(found[1]))
	}
	return flags
}

// TestEnvironment: tacho or Go reads every variable of tacho.env.
func TestEnvironment(t *testing.T) {
	for _, line := range regexp.MustCompile(`(?m)^#?([A-Z_]+)=`).FindAllStringSubmatch(read(t, "tacho.env"), -1) {
		name := line[1]
		if name != "GOMEMLIMIT" && !slices.ContainsFunc(flagsOf(t, "serve"), func(f string) bool { return variable(f) == name }) {
			t.Errorf("tacho.env sets %s, which nothing reads", name)
		}
	}
}

func variable(flag string) string {
	return "TACHO_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// unit returns the value of a setting of tacho.service.
func unit(t *testing.T, key string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(read(t, "tacho.service"))
	if found == nil {
		t.Fatalf("tacho.service has no %s", key)
	}
	return found[1]
}

// TestUnit: systemd accepts every line, and rates the exposure of the service at 1.2 of 10,
// where 5 is medium and 9.6 a unit without any protection.
func TestUnit(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	// Verification requires the program to exist.
	text := strings.ReplaceAll(read(t, "tacho.service"), "/usr/local/bin/tacho", tachoProgram(t))
	file := testfile.Write(t, filepath.Join(t.TempDir(), "tacho.service"), text)
	out, err := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=15", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

// TestUnitRuns: the command of the unit serves, its reload command reloads, and it stops well
// within the unit's timeout.
func TestUnitRuns(t *testing.T) {
	if reload := unit(t, "ExecReload"); reload != "/bin/kill -HUP $MAINPID" {
		t.Fatalf("ExecReload is %s", reload)
	}
	dir := installed(t, read(t, "settings.yml"))
	args := strings.Fields(strings.NewReplacer("/etc/tacho", dir, "%S", t.TempDir()).Replace(unit(t, "ExecStart")))
	cmd := exec.Command(tachoProgram(t), args[1:]...)
	cmd.Env = []string{"TACHO_LISTEN=127.0.0.1:0"}
	p := start(t, cmd)
	p.awaitReady(http.DefaultClient)

	before := reloads(t, p)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "the reload", func() bool { return reloads(t, p) != before })

	patience, err := strconv.Atoi(unit(t, "TimeoutStopSec"))
	if err != nil {
		t.Fatal(err)
	}
	p.stop(time.Duration(patience) * time.Second / 3)
}

// reloads returns when the configuration was last loaded.
func reloads(t *testing.T, p *process) string {
	t.Helper()
	_, body := get(http.DefaultClient, p.url+"metrics")
	found := regexp.MustCompile(`(?m)^prometheus_config_last_reload_success_timestamp_seconds (\S+)$`).FindStringSubmatch(body)
	if found == nil {
		t.Fatal("no time of the last reload in /metrics")
	}
	return found[1]
}

// TestUnitNoRestart: the exit code after which systemd does not restart the unit is that of a
// wrong configuration.
func TestUnitNoRestart(t *testing.T) {
	said := refused(t, "serve", "--settings", testfile.Write(t, filepath.Join(t.TempDir(), "settings.yml"), "serve: {retenshun: 15d}\n"))
	if code := unit(t, "RestartPreventExitStatus"); code != "64" || !strings.Contains(said, "retenshun") {
		t.Errorf("tacho exits with 64 and %q, the unit has %s", said, code)
	}
}
