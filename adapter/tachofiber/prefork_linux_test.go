package tachofiber_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiber"
	"github.com/tacho-go/tacho/internal/preforktest"
)

func TestMain(m *testing.M) {
	if address := preforktest.Address(); address != "" {
		prefork(address)
	}
	os.Exit(m.Run())
}

// TestPrefork: whichever of four children a scrape reaches, it shows the counts of all, with nothing
// but Use.
func TestPrefork(t *testing.T) { preforktest.Run(t) }

// prefork is a service whose parent starts children anew when one ends.
func prefork(address string) {
	app := fiber.New()
	tachofiber.Use(app, tacho.Options{})
	app.Get("/orders/:id", func(c fiber.Ctx) error { return c.SendString(strconv.Itoa(os.Getpid())) })
	for {
		_ = app.Listen(address, fiber.ListenConfig{EnablePrefork: true, DisableStartupMessage: true})
		if fiber.IsChild() {
			os.Exit(1)
		}
		time.Sleep(10 * time.Millisecond) // limits restarts of children that cannot start
	}
}
