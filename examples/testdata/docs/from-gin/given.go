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

// Handlers that the page does not show.

func getUser(c *gin.Context) { c.String(http.StatusOK, "user "+c.Param("id")) }

func placeOrder(c *gin.Context) { c.Status(http.StatusCreated) }

func export(c *gin.Context) { c.String(http.StatusOK, "a,b,c") }

func broken(*gin.Context) { panic("broken") }

// routes are the routes of sections without their own.
func routes(r gin.IRoutes) {
	r.GET("/users/:id", getUser)
	r.POST("/orders", placeOrder)
	r.GET("/broken", broken)
}

// A server of the test answers for stock.example.com. The database cannot be
// reached, but its pool has statistics.
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
	if !slices.Contains(sql.Drivers(), "postgres") { // another package with this file may have registered it
		sql.Register("postgres", noDatabase{})
	}
}

type noDatabase struct{}

func (noDatabase) Open(string) (driver.Conn, error) { return nil, errors.New("no database") }
