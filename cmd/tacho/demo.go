package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/cmd/tacho/internal/demo"
	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/verdict"
)

const demoLong = `Demo runs a small shop with simulated customers and shows it: two instances of a
Gin service, a Flask service under Gunicorn if Python has both, and six hours of
generated history, marked as such. A new version is deployed at 0:20; an incident
lasts from 0:45 to 1:30. Everything listens on the loopback address only, the data
is in a temporary directory, and Ctrl-C stops and deletes everything. With a Chinese
locale (LANG=zh_CN.UTF-8), it prints its addresses in Chinese.`

// demoFlags are the settings of tacho demo.
type demoFlags struct {
	port                       int
	rate                       float64
	length                     time.Duration
	noTraffic, noFlask, noOpen bool
	noHistory                  bool
	keep                       string
}

func (f *demoFlags) register(flags *pflag.FlagSet) {
	flags.IntVar(&f.port, "port", 9464, "first `port` to try for the page; the shop takes the next ones")
	flags.Float64Var(&f.rate, "rate", demo.DefaultRate, "average `requests` per second")
	periodVar(flags, &f.length, "for", 0, "stop after this time; 0 runs until Ctrl-C")
	flags.BoolVar(&f.noTraffic, "no-traffic", false, "do not simulate customers: use the shop yourself")
	flags.BoolVar(&f.noFlask, "no-flask", false, "do not start the Flask service")
	flags.BoolVar(&f.noHistory, "no-history", false, "do not generate the history")
	flags.BoolVar(&f.noOpen, "no-open", false, "do not open the browser")
	flags.StringVar(&f.keep, "keep", "", "`directory` to keep the data in, instead of a temporary one")
}

func newDemo(s streams) *cobra.Command {
	f := &demoFlags{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show tacho with a sample shop",
		Long:  demoLong,
		Args:  noArguments("to monitor your own services, run tacho serve"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), f, s.out)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// runDemo opens the ports, prints the addresses, and runs the shop and the server
// until ctx is done. It stops the shop, then the server, then removes the directory.
func runDemo(ctx context.Context, f *demoFlags, out io.Writer) (err error) {
	if err := f.check(); err != nil {
		return usage(err)
	}
	if f.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.length)
		defer cancel()
	}
	dir, remove, err := f.folder()
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	srv, shop, err := f.build(dir)
	if err != nil {
		return err
	}
	f.print(out, demoIn[languageOf(os.Getenv)], srv.URL(), "http://"+shop.Targets()[0].Address)
	if !f.noOpen {
		openBrowser(srv.URL())
	}
	if err := f.seed(shop, dir); err != nil {
		shop.Close()
		return errors.Join(err, srv.Close())
	}
	return runBoth(ctx, shop, srv)
}

// runBoth runs the shop and the server. The server stops after the shop, so that
// the last requests of the shop are still scraped.
func runBoth(ctx context.Context, shop *demo.Demo, srv *server.Server) error {
	serving, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		ended <- srv.Run(serving)
		cancel() // without the server, the shop stops too
	}()
	err := shop.Run(ctx)
	stop()
	return errors.Join(err, <-ended)
}

// folder returns the data directory and a function that removes it if it is temporary.
func (f *demoFlags) folder() (dir string, remove func() error, err error) {
	if f.keep != "" {
		if err = os.MkdirAll(f.keep, 0o750); err != nil {
			err = fmt.Errorf("--keep: cannot create the directory: %w; choose another one", err)
		}
		return f.keep, func() error { return nil }, err
	}
	sweep(time.Now())
	dir, err = os.MkdirTemp("", demoFolder)
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// lastPort leaves room for the ports of two instances and the Flask service.
const lastPort = 65535 - 3

// check returns an error for the first invalid setting.
func (f *demoFlags) check() error {
	switch {
	case f.port < 1 || f.port > lastPort:
		return fmt.Errorf("--port %d: it must be from 1 to %d", f.port, lastPort)
	case !(f.rate > 0 && f.rate <= demo.MaxRate): // rejects NaN too
		return fmt.Errorf("--rate %v: it must be above 0 and at most %d; use --no-traffic for no customers", f.rate, demo.MaxRate)
	case f.length < 0:
		return fmt.Errorf("--for %v: it must not be below 0", period(f.length))
	}
	return nil
}

// build opens every port.
func (f *demoFlags) build(dir string) (*server.Server, *demo.Demo, error) {
	page, err := demo.Listen(f.port)
	if err != nil {
		return nil, nil, err
	}
	port := page.Addr().(*net.TCPAddr).Port
	shop, err := demo.New(demo.Options{Port: port + 1, Rate: f.rate, NoTraffic: f.noTraffic, NoFlask: f.noFlask, Dir: filepath.Join(dir, "shop"), Logger: slog.Default()})
	if err != nil {
		_ = page.Close()
		return nil, nil, err
	}
	o, err := demoServer(dir, page, shop)
	if err == nil {
		var srv *server.Server
		if srv, err = server.New(o); err == nil {
			return srv, shop, nil
		}
	}
	_ = page.Close()
	shop.Close()
	return nil, nil, err
}

// demoInterval is the scrape interval of the demo. demoSpeedup shortens the rules'
// durations, so that alerts fire within an incident of 45 seconds.
const (
	demoInterval = time.Second
	demoWindow   = 10 * time.Second
	demoSpeedup  = 20
	demoLatency  = 300 * time.Millisecond // the shop is faster, except during the incident
)

func demoServer(dir string, page net.Listener, shop *demo.Demo) (server.Options, error) {
	config, err := demoConfig(shop)
	if err != nil {
		return server.Options{}, err
	}
	limits := defaultLimits
	limits.latency = demoLatency
	inForce := limits.in(rules.Options{Interval: demoInterval, Window: demoWindow, Speedup: demoSpeedup, RunbookURL: runbooks})
	builtin, err := builtinRules(inForce, true)
	if err != nil {
		return server.Options{}, err
	}
	objectives, err := demoObjectives()
	return server.Options{
		Config: config, DataDir: filepath.Join(dir, "data"),
		Listener:    page,
		Page:        newPage(dash.Options{BatchPath: server.BatchPath, Demo: true, Span: 5 * time.Minute, Arguments: true, Hint: demoIn[verdict.English].hint, HintChinese: demoIn[verdict.Chinese].hint}, limits),
		Rules:       append(builtin, objectives...),
		VerdictFunc: func([]server.Job) verdict.Options { return inForce.Verdict() },
		Version:     versionText(), Revision: revision(),
		DiscoveryInterval: 200 * time.Millisecond, FlushDeadline: time.Second,
		Logger: slog.Default(),
	}, err
}

// demoObjectives are the rules of the demo's objectives.
func demoObjectives() ([]server.RuleFile, error) {
	var list sloList
	if err := list.Replace(demo.Objectives); err != nil {
		return nil, err
	}
	return sloRules(slo.Options{Schemas: []schema.Schema{schema.Default()}, Interval: demoInterval, Window: demoWindow, RunbookURL: runbooks, Routes: true, Missing: time.Minute}, list.objectives)
}

// demoConfig is the prometheus.yml of the demo.
func demoConfig(shop *demo.Demo) (string, error) {
	var static []map[string]any
	for _, t := range shop.Targets() {
		static = append(static, map[string]any{"targets": []string{t.Address}, "labels": map[string]string{"instance": t.Instance}})
	}
	jobs := []map[string]any{{
		"job_name": demo.ShopJob, "static_configs": static,
		"scrape_native_histograms": true, "always_scrape_classic_histograms": true,
	}}
	if file := shop.FlaskFile(); file != "" {
		jobs = append(jobs, map[string]any{
			"job_name":        demo.FlaskJob,
			"file_sd_configs": []map[string]any{{"files": []string{file}, "refresh_interval": "1s"}},
		})
	}
	text, err := yaml.Marshal(map[string]any{
		"global":         map[string]string{"scrape_interval": demoInterval.String(), "scrape_timeout": demoInterval.String(), "evaluation_interval": demoInterval.String()},
		"scrape_configs": jobs,
	})
	return string(text), err
}

// seed writes the history, unless the kept directory already has one.
func (f *demoFlags) seed(shop *demo.Demo, dir string) error {
	data := filepath.Join(dir, "data")
	if blocks, _ := filepath.Glob(filepath.Join(data, "*", "meta.json")); f.noHistory || len(blocks) > 0 {
		return nil
	}
	return shop.WriteHistory(data)
}

// demoTexts are the sentences of the demo: what it prints, line by line, and what the page shows on request.
type demoTexts struct {
	title, page, shop, metrics, end string
	temporary, kept                 string // where the data is
	stopDeletes, stop               string // what Ctrl-C does
	hint                            string
}

// demoIn has the same verbs in each language.
var demoIn = map[verdict.Language]demoTexts{
	verdict.English: {
		title:       "tacho %s  demo shop: 2 Gin instances, 1 Flask under Gunicorn if installed, simulated traffic; loopback only, %s\n",
		page:        "  Page        %s\n",
		shop:        "  Demo shop   %s/          send requests with curl and watch them appear\n",
		metrics:     "  Metrics     %s/metrics   what your service will export\n",
		end:         "  first data in 3 s; deployment at 0:20, incident from 0:45 to 1:30; %s\n",
		temporary:   "data in a temporary directory",
		kept:        "data kept in ",
		stopDeletes: "Ctrl-C stops and deletes everything",
		stop:        "Ctrl-C stops",
		hint:        "A sample shop. A new version is deployed at 0:20; an incident lasts from 0:45 to 1:30. The six hours before the start are generated.",
	},
	verdict.Chinese: {
		title:       "tacho %s  演示商店：2 个 Gin 实例，另有 1 个 Gunicorn 下的 Flask 服务（如已安装）；流量为模拟；仅监听本机回环地址，%s\n",
		page:        "  页面        %s\n",
		shop:        "  演示商店    %s/          用 curl 发送请求，即可在页面上看到\n",
		metrics:     "  指标        %s/metrics   你的服务也会这样导出\n",
		end:         "  3 秒后有首批数据；0:20 部署新版本，0:45 至 1:30 发生故障；%s\n",
		temporary:   "数据存放在临时目录中",
		kept:        "数据保存在 ",
		stopDeletes: "按 Ctrl-C 停止并删除全部数据",
		stop:        "按 Ctrl-C 停止",
		hint:        "这是一家演示商店。0:20 部署新版本，0:45 至 1:30 发生故障。启动之前六小时的数据为生成的数据。",
	},
}

func (f *demoFlags) print(w io.Writer, texts demoTexts, page, shop string) {
	data, end := texts.temporary, texts.stopDeletes
	if f.keep != "" {
		data, end = texts.kept+f.keep, texts.stop
	}
	fmt.Fprintf(w, texts.title, versionText(), data)
	fmt.Fprintf(w, texts.page, page)
	fmt.Fprintf(w, texts.shop, shop)
	fmt.Fprintf(w, texts.metrics, shop)
	fmt.Fprintf(w, texts.end, end)
}
