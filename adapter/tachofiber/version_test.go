package tachofiber_test

import (
	"bufio"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	staticfiles "github.com/gofiber/fiber/v3/middleware/static"
	"github.com/gofiber/fiber/v3/middleware/timeout"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiber"
)

// What differs between the versions of Fiber stands here.

func mount(app *fiber.App, prefix string, sub *fiber.App) { app.Use(prefix, sub) }

func static(app *fiber.App, prefix, dir string) { app.Get(prefix+"/*", staticfiles.New(dir)) }

func redirect(c fiber.Ctx) error { return c.Redirect().Status(fiber.StatusFound).To("/elsewhere") }

const staticRoute = "/static/*"

// unknownMethod is the status for a method that Fiber does not know.
const unknownMethod = "501"

func rebuild(app *fiber.App) { app.RebuildTree() }

func rawOf(c fiber.Ctx) *fasthttp.RequestCtx { return c.RequestCtx() }

func sendStreamWriter(c fiber.Ctx, write func(*bufio.Writer)) error { return c.SendStreamWriter(write) }

// TestTimeout: a handler that is out of time is recorded with the status that was sent, and may go on.
func TestTimeout(t *testing.T) {
	app := fiber.New()
	m := tachofiber.Use(app, tacho.Options{})
	returned := make(chan struct{})
	release := make(chan struct{})
	app.Get("/slow/:id", tachofiber.Track(m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})), timeout.New(func(c fiber.Ctx) error {
		defer close(returned)
		<-release
		return c.SendString("too late")
	}, timeout.Config{Timeout: 20 * time.Millisecond}))
	app.Get("/x", hello)
	sendAll(t, app, "GET /slow/1 408")
	for range 20 {
		sendAll(t, app, "GET /x 200")
	}
	close(release)
	<-returned
	expectRecorded(t, m, "{GET,/slow/:id,408} 1 {GET,/x,200} 20")
	expectLine(t, m, "calls_total 1")
	expectLine(t, m, "http_requests_in_flight 0")
}

// ownCtx is a Context of the service's own.
type ownCtx struct{ fiber.DefaultCtx }

func (c *ownCtx) Params(key string, defaultValue ...string) string {
	return "own " + c.DefaultCtx.Params(key, defaultValue...)
}

// TestOwnContext: Fiber takes another way for Contexts of the service's own.
func TestOwnContext(t *testing.T) {
	app := fiber.NewWithCustomCtx(func(app *fiber.App) fiber.CustomCtx { return &ownCtx{*fiber.NewDefaultCtx(app)} })
	m := tachofiber.Use(app, tacho.Options{})
	app.Get("/users/:id", func(c fiber.Ctx) error { return c.SendString(c.Params("id")) })
	app.Get("/fails", func(fiber.Ctx) error { return fiber.ErrTeapot })
	if status, body := send(t, app, "GET", "/users/7"); status != 200 || body != "own 7" {
		t.Errorf("answered %d %q", status, body)
	}
	sendAll(t, app, "GET /fails 418", "GET /nowhere 404")
	expectRecorded(t, m, "{GET,/fails,418} 1 {GET,/users/:id,200} 1 {GET,unmatched,404} 1")
}
