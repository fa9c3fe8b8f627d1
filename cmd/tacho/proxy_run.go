package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/pires/go-proxyproto"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/gcpace"
	"github.com/tacho-go/tacho/cmd/tacho/internal/proxyfile"
	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/internal/netacl"
	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/sidecar"
	"github.com/tacho-go/tacho/sidecar/routes"
)

// A runningProxy is tacho proxy from its ports on.
type runningProxy struct {
	flags *proxyFlags
	set   *pflag.FlagSet
	file  *proxyfile.File
	proxy *sidecar.Proxy
	out   io.Writer
}

// run opens the ports, and serves until ctx is done.
func (p *runningProxy) run(ctx context.Context) error {
	defer p.paceCollections()()
	if err := p.restore(); err != nil {
		return usage(err)
	}
	clients, admin, err := p.listen()
	if err != nil {
		return err
	}
	defer clients.Close()
	defer admin.Close()
	page, err := p.page(admin.Addr())
	if err != nil {
		return err
	}
	p.print(clients, admin, page)
	onReload(ctx, p.reload)
	p.notify(daemon.SdNotifyReady)
	defer p.save()
	return p.serve(ctx, clients, admin, page)
}

// paceCollections lets the small heap of a proxy grow further before it is collected. GOGC in the
// environment takes precedence, and the page of --serve has a large heap.
func (p *runningProxy) paceCollections() (stop func()) {
	if os.Getenv("GOGC") != "" || p.flags.serve {
		return func() {}
	}
	return gcpace.Start(gcpace.Growth)
}

// serve runs the proxy, its admin port, and the page. Those end after the proxy, so that the last
// requests are still scraped.
func (p *runningProxy) serve(ctx context.Context, clients, admin net.Listener, page *server.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	var errs [2]error
	a := adminServer(p.proxy)
	all.Go(func() {
		if err := a.Serve(admin); !errors.Is(err, http.ErrServerClosed) {
			errs[0] = fmt.Errorf("--admin-listen: %w", err)
			cancel()
		}
	})
	if page != nil {
		all.Go(func() { errs[1] = page.Run(late); cancel() })
	}
	all.Go(func() { p.saveRegularly(late) })
	stopping := context.AfterFunc(ctx, func() { p.notify(daemon.SdNotifyStopping) })
	err := p.proxy.Serve(ctx, clients)
	stopping()
	end()
	_ = a.Close()
	all.Wait()
	return errors.Join(err, errs[0], errs[1])
}

func (p *runningProxy) listen() (clients, admin net.Listener, err error) {
	if clients, err = listenOn(p.file.Listen); err != nil {
		return nil, nil, fmt.Errorf("--listen: %w", err)
	}
	if p.file.ProxyProtocol {
		clients = &proxyproto.Listener{Listener: clients, ConnPolicy: p.policy(), ReadHeaderTimeout: 10 * time.Second}
	}
	if admin, err = server.Listen(p.file.AdminListen); err != nil {
		_ = clients.Close()
		return nil, nil, fmt.Errorf("--admin-listen: %w", err)
	}
	return clients, admin, nil
}

// policy accepts the PROXY protocol from trusted addresses only, if there are any: its header
// can claim any address.
func (p *runningProxy) policy() proxyproto.ConnPolicyFunc {
	return func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
		from, ok := o.Upstream.(*net.TCPAddr)
		if ok && len(p.file.Options.Trusted) > 0 && !netacl.Prefixes(p.file.Options.Trusted).Contain(from.AddrPort().Addr()) {
			return proxyproto.REJECT, proxyproto.ErrInvalidUpstream
		}
		return proxyproto.REQUIRE, nil
	}
}

// page returns the server of --serve, or nil.
func (p *runningProxy) page(admin net.Addr) (*server.Server, error) {
	if !p.flags.serve {
		return nil, nil
	}
	f := &serveFlags{}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	f.register(flags)
	f.options.Listen, f.options.DataDir = p.flags.serveListen, p.flags.serveDirectory
	f.interval = proxyInterval
	t, err := target.Parse(p.flags.service + "=" + admin.String())
	if err != nil {
		return nil, usage(fmt.Errorf("--service %s: %w", p.flags.service, err))
	}
	o, err := f.serverOptions([]target.Target{t})
	if err != nil {
		return nil, usage(err)
	}
	srv, err := server.New(o)
	if err != nil {
		return nil, fmt.Errorf("--serve: %w", err)
	}
	return srv, nil
}

// proxyInterval is the scrape interval of --serve: it has one target, on this machine.
const proxyInterval = 5 * time.Second

func (p *runningProxy) print(clients, admin net.Listener, page *server.Server) {
	scheme := "http"
	if p.file.Options.Certificate != "" {
		scheme = "https"
	}
	fmt.Fprintf(p.out, "tacho %s\n  Proxy    %s://%s\n", versionText(), scheme, clients.Addr())
	for _, u := range p.file.Options.Upstreams {
		fmt.Fprintf(p.out, "  Service  %s%s%s\n", u.Host+u.Path, map[bool]string{true: " → "}[u.Host+u.Path != ""], redact.URL(u.URL))
	}
	fmt.Fprintf(p.out, "  Routes   %s\n", p.describeRoutes())
	fmt.Fprintf(p.out, "  Metrics  http://%s/metrics\n", admin.Addr())
	if page != nil {
		fmt.Fprintf(p.out, "  Page     %s\n", page.URL())
	}
	notePublicAccess(p.out, admin.Addr().String(), "", "read the metrics")
}

func (p *runningProxy) describeRoutes() string {
	o := p.file.Options
	switch n := len(o.Routes); {
	case n == 0:
		return "learned from requests; tacho proxy routes prints them"
	case o.Learn:
		return fmt.Sprintf("%d, further ones are learned", n)
	default:
		return fmt.Sprintf("%d", n)
	}
}

// reload loads the configuration and the routes again. If something is wrong, nothing changes.
func (p *runningProxy) reload() {
	p.notify(daemon.SdNotifyReloading)
	defer p.notify(daemon.SdNotifyReady)
	file, err := p.flags.load(p.set)
	if err == nil {
		err = file.Locate(p.proxy.Reload(file.Options))
	}
	if err != nil {
		slog.Error("tacho: the configuration was not reloaded; the previous one stays in use", "reason", err)
		return
	}
	slog.Info("tacho: the configuration was reloaded", "upstreams", len(file.Options.Upstreams), "routes", len(file.Options.Routes))
}

// notify sends the service's state to systemd (Type=notify). Without systemd it does nothing.
func (p *runningProxy) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		slog.Warn("tacho: cannot notify systemd", "reason", err)
	}
}

// restore reads what was learned before. A file that does not exist yet is empty.
func (p *runningProxy) restore() error {
	if p.file.State == "" {
		return nil
	}
	err := readState(p.file.State, p.proxy.Learner())
	if errors.Is(err, fs.ErrNotExist) {
		return p.saveState()
	}
	if err != nil {
		return fmt.Errorf("--state: %w; correct the file, or remove it to learn again", err)
	}
	return nil
}

func readState(name string, into *routes.Learner) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// saveEvery is the interval at which new templates are saved.
const saveEvery = 5 * time.Second

func (p *runningProxy) saveRegularly(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.save()
		}
	}
}

// save saves what was learned, if there is something new.
func (p *runningProxy) save() {
	if p.file.State == "" || !p.proxy.Learner().TakeChanged() {
		return
	}
	if err := p.saveState(); err != nil {
		slog.Warn("tacho: cannot save the learned routes; trying again when there are new ones", "file", p.file.State, "reason", err)
	}
}

// saveState replaces the state file as a whole, so that a crash leaves the old or the new one.
func (p *runningProxy) saveState() error {
	text, err := json.MarshalIndent(p.proxy.Learner(), "", "  ")
	if err != nil {
		return err
	}
	dir, base := filepath.Split(p.file.State)
	temporary, err := os.CreateTemp(filepath.Clean(dir+"."), "."+base+"-*")
	if err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(append(text, '\n'))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	return os.Rename(temporary.Name(), p.file.State)
}
