package given

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/gin-gonic/gin"
)

// Handlers that the page takes for granted.

func getUser(c *gin.Context) { c.String(http.StatusOK, "user "+c.Param("id")) }

func placeOrder(c *gin.Context) { c.Status(http.StatusCreated) }

func export(c *gin.Context) { c.String(http.StatusOK, "a,b,c") }

func broken(*gin.Context) { panic("broken") }

// routes are those of sections that name none themselves.
func routes(r gin.IRoutes) {
	r.GET("/users/:id", getUser)
	r.POST("/orders", placeOrder)
	r.GET("/broken", broken)
}

// A server of the test's answers for stock.example.com; and there is a database
// that nobody reaches, whose pool can be looked at all the same.
func init() {
	stub := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	http.DefaultTransport = &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "stock.example.com:80" {
				addr = stub.Listener.Addr().String()
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	if !slices.Contains(sql.Drivers(), "postgres") { // by another package with this file
		sql.Register("postgres", noDatabase{})
	}
}

type noDatabase struct{}

func (noDatabase) Open(string) (driver.Conn, error) { return nil, errors.New("no database here") }
