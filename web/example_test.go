package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/web"
)

// The file has the user prometheus and the bcrypt hash of the password.
func ExampleConfig() {
	serve, err := web.Config("testdata/web.yml", slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return
	}
	m := tacho.MustNew(tacho.Options{})
	port, err := net.Listen("tcp", "127.0.0.1:0") // a service sets ServeOptions.Address instead
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- m.Serve(ctx, tacho.ServeOptions{Listener: port, ServeFunc: serve}) }()

	fmt.Println(scrape(port.Addr(), "guessed"))
	fmt.Println(scrape(port.Addr(), "correct horse"))
	stop()
	fmt.Println(<-served)
	// Output:
	// 401 Unauthorized
	// 200 OK
	// <nil>
}

// scrape requests the metrics with a password and returns the status.
func scrape(address net.Addr, password string) string {
	request, err := http.NewRequest(http.MethodGet, "http://"+address.String()+"/metrics", nil)
	if err != nil {
		return err.Error()
	}
	request.SetBasicAuth("prometheus", password)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	return answer.Status
}
