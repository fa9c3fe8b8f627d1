//go:build linux

package deploy

import (
	"encoding/json"
	"net/http"
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

	"github.com/tacho-go/tacho/internal/programs"
)

// An image is the result of the Dockerfile: a folder that is the root of a process, and the
// command of the process.
type image struct {
	root   string
	config imageConfig
}

// imageConfig is the part of an image's configuration that the tests use.
type imageConfig struct {
	User         string
	Env          []string
	Entrypoint   []string
	Cmd          []string
	Volumes      map[string]struct{}
	ExposedPorts map[string]struct{}
}

// newImage executes the second half of the Dockerfile with an existing program: it takes the
// steps that fill /image from the file.
func newImage(t *testing.T, program string) image {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test changes the root folder of a process and needs root, such as: sudo make test")
	}
	img := image{root: t.TempDir()}
	if err := json.Unmarshal(check(t, programs.File(t, "check"), "dockerfile", "Dockerfile"), &img.config); err != nil {
		t.Fatal(err)
	}
	steps := regexp.MustCompile(`(?m)^RUN (mkdir(?:[^\\\n]|\\\n)+)$`).FindStringSubmatch(read(t, "Dockerfile"))
	if steps == nil {
		t.Fatal("the Dockerfile has no RUN mkdir")
	}
	check(t, "sh", "-ec", strings.NewReplacer("/image", img.root, "bin/tacho", program).Replace(steps[1]))
	return img
}

// command returns a process in the image, as its user, that sees nothing else.
func (img image) command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	user, group, _ := strings.Cut(img.config.User, ":")
	uid, err := strconv.Atoi(user)
	gid, err2 := strconv.Atoi(group)
	if err != nil || err2 != nil || uid == 0 || gid == 0 {
		t.Fatalf("USER is %q; want two numbers that are not root's", img.config.User)
	}
	if len(args) == 0 {
		args = img.config.Cmd
	}
	cmd := exec.Command(img.config.Entrypoint[0], args...)
	cmd.Err = nil // the path was looked up outside of the image
	cmd.Dir = "/"
	cmd.Env = append(append([]string{}, img.config.Env...), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: img.root, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return cmd
}

// TestImage: BuildKit reports nothing against the Dockerfile. In the image the program starts as
// an unprivileged user, writes to its volume, and shuts down cleanly.
func TestImage(t *testing.T) {
	img := newImage(t, tachoProgram(t))
	p := start(t, img.command(t, []string{"TACHO_LISTEN=127.0.0.1:0"}))
	p.awaitReady(http.DefaultClient)
	for volume := range img.config.Volumes {
		if wal, err := os.ReadDir(filepath.Join(img.root, volume, "wal")); err != nil || len(wal) == 0 {
			t.Errorf("the volume %s has no write-ahead log: %v", volume, err)
		}
	}
	if certificates, err := os.Stat(filepath.Join(img.root, "etc/ssl/certs/ca-certificates.crt")); err != nil || certificates.Size() == 0 {
		t.Errorf("no certificates: %v", err)
	}
	p.stop(10 * time.Second)
}

// TestImageListens: the image listens on the port that it exposes, on every address.
func TestImageListens(t *testing.T) {
	config := newImage(t, tachoProgram(t)).config
	for _, want := range []string{"TACHO_LISTEN=:9464", "TACHO_MULTIPROC_LISTEN=:9200"} {
		if !slices.Contains(config.Env, want) {
			t.Errorf("the environment is %q; want %s", config.Env, want)
		}
	}
	if _, ok := config.ExposedPorts["9464/tcp"]; !ok || len(config.ExposedPorts) != 1 {
		t.Errorf("the image exposes %v; want 9464/tcp", config.ExposedPorts)
	}
}

// TestImageDemo: the demo also runs in the image.
func TestImageDemo(t *testing.T) {
	img := newImage(t, tachoProgram(t))
	p := start(t, img.command(t, nil, "demo", "--no-open", "--no-history", "--no-traffic"))
	p.awaitReady(http.DefaultClient)
	p.stop(10 * time.Second)
}
