package tachofiberv2_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
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
	app := fiber.New(fiber.Config{Prefork: true, DisableStartupMessage: true})
	tachofiberv2.Use(app, tacho.Options{})
	app.Get("/orders/:id", func(c *fiber.Ctx) error { return c.SendString(strconv.Itoa(os.Getpid())) })
	for {
		_ = app.Listen(address)
		if fiber.IsChild() {
			os.Exit(1)
		}
		time.Sleep(10 * time.Millisecond) // limits restarts of children that cannot start
	}
}
