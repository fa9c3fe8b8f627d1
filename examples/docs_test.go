package examples

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The pages docs/from-*.md show what the reader's code becomes. Every piece of code in them is
// compiled and run:
//
//   - A ```go block holds statements, declarations, or a whole program. All blocks
//     of a section form one program, unless a second word assigns them to another:
//     ```go today is the reader's current code. What a section leaves out comes
//     from the page's frame, and handlers from testdata/docs/PAGE/given.go.
//   - A ```text block describes what happens to the preceding program and what must
//     then be seen: see session.play.
//   - testdata/docs/blocks.py handles ```python blocks.
//
// Other blocks are not allowed, so that none is unchecked.
var pages = []page{
	{
		name: "from-flask",
		frames: map[string]frame{"": {
			before: []framed{
				{`(?m)^mux := `, "mux := http.NewServeMux()"},
				{`mux\.Handle`, "routes(mux)"},
				{`(?m)^m := `, "m := tacho.MustNew(tacho.Options{Schema: schema.Flask(), Endpoint: tacho.Endpoint{PythonFormat: true}})"},
			},
			after: []framed{
				{`Metrics\(\)`, `mux.Handle("GET /metrics", m.Metrics())`},
				{`http\.ListenAndServe`, `http.ListenAndServe("127.0.0.1:5000", m.Handler(mux))`},
			},
		}},
	},
	{
		name: "from-gin",
		frames: map[string]frame{
			"": {
				before: []framed{
					{`(?m)^r := `, "r := gin.Default()"},
					{`(?m)^m := |^tachogin\.Use`, "m := tachogin.Use(r, tacho.Options{})"},
				},
				after: []framed{{`r\.(GET|POST)\(`, "routes(r)"}, {`r\.Run\(`, `r.Run("127.0.0.1:8080")`}},
			},
			"today": {
				before: []framed{{`(?m)^r := `, "r := gin.Default()"}},
				after: []framed{
					{`r\.(GET|POST)\(`, "routes(r)"},
					{`r\.GET\("/metrics"`, `r.GET("/metrics", gin.WrapH(promhttp.Handler()))`},
					{`r\.Run\(`, `r.Run("127.0.0.1:8080")`},
				},
			},
		},
	},
}

// imports are the packages that blocks may use by name.
var imports = map[string]string{
	"cmp": "cmp", "context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "io": "io", "log": "log",
	"maps": "maps", "os": "os", "rand": "math/rand/v2", "signal": "os/signal", "slices": "slices", "sql": "database/sql",
	"strconv": "strconv", "strings": "strings", "sync": "sync", "syscall": "syscall", "testing": "testing", "time": "time",
	"tls": "crypto/tls", "httptest": "net/http/httptest",

	"gin":        "github.com/gin-gonic/gin",
	"collectors": "github.com/prometheus/client_golang/prometheus/collectors",
	"prometheus": "github.com/prometheus/client_golang/prometheus",
	"promauto":   "github.com/prometheus/client_golang/prometheus/promauto",
	"promhttp":   "github.com/prometheus/client_golang/prometheus/promhttp",
	"schema":     "github.com/tacho-go/tacho/schema",
	"tacho":      "github.com/tacho-go/tacho",
	"tachogin":   "github.com/tacho-go/tacho/adapter/tachogin",
	"tachotest":  "github.com/tacho-go/tacho/tachotest",
}

type page struct {
	name   string
	frames map[string]frame // by the second word of a block
}

// file returns the page. The path contains a symbolic link below this module: go test
// invalidates a cached result only if such a file changes.
func (p page) file() string { return filepath.Join("testdata", "docs", p.name, "page.md") }

// folder is where the page's programs are built.
func (p page) folder() string { return strings.ReplaceAll(p.name, "-", "") }

// A frame is the code that the sections of a page share.
type frame struct{ before, after []framed }

// unlessNever matches no section.
const unlessNever = `$^never`

// framed is a line of every program, unless its section matches the regular expression.
type framed struct{ unless, line string }

// A block is a fenced block of a page.
type block struct {
	section string
	info    string // the rest of the fence's line: the language and perhaps a second word
	line    int    // number of its first line
	text    string
}

var fence = regexp.MustCompile("^```(.*)$")

// blocksOf returns the blocks of a page.
func blocksOf(page string) (all []block) {
	section, inside := "", false
	for i, line := range strings.Split(page, "\n") {
		switch mark := fence.FindStringSubmatch(line); {
		case mark != nil && !inside:
			all = append(all, block{section: section, info: mark[1], line: i + 2})
			inside = true
		case mark != nil:
			inside = false
		case inside:
			all[len(all)-1].text += line + "\n"
		case strings.HasPrefix(line, "#"):
			section = strings.TrimLeft(line, "# ")
		}
	}
	return all
}

// A program is the Go blocks of a section and the transcript for them.
type program struct {
	page        page
	name        string
	title       string
	word        string // the second word of its blocks
	blocks      []block
	transcripts []block
}

// programsOf groups a page's blocks into programs.
func programsOf(t *testing.T, p page) (all []*program) {
	t.Helper()
	byTitle := map[string]*program{}
	var last *program
	for _, b := range readPage(t, p) {
		language, word, _ := strings.Cut(b.info, " ")
		switch _, known := p.frames[word]; {
		case language == "python":
		case language == "text" && last != nil && last.blocks[0].section == b.section:
			last.transcripts = append(last.transcripts, b)
		case language == "go" && known:
			title := strings.TrimSpace(b.section + " " + word)
			if last = byTitle[title]; last == nil {
				last = &program{page: p, title: title, word: word, name: fmt.Sprintf("%s%02d", p.folder(), len(all))}
				byTitle[title] = last
				all = append(all, last)
			}
			last.blocks = append(last.blocks, b)
		default:
			t.Fatalf("docs/%s.md:%d: nothing checks a block of %q", p.name, b.line, b.info)
		}
		if formatted, err := format.Source([]byte(b.text)); language == "go" && err == nil && string(formatted) != b.text {
			t.Errorf("docs/%s.md:%d: gofmt would write this as\n%s", p.name, b.line, formatted)
		}
	}
	return all
}

func readPage(t *testing.T, p page) []block {
	t.Helper()
	text, err := os.ReadFile(p.file())
	if err != nil {
		t.Fatal(err)
	}
	return blocksOf(string(text))
}

// source returns one file with the program's blocks. All programs of a page share a package,
// because compiling fifty takes much longer: each is a function with local declarations. Whole
// programs have a package of their own.
func (p *program) source() (string, error) {
	if p.isMain() {
		if len(p.blocks) > 1 {
			return "", fmt.Errorf("docs/%s.md:%d: a block in addition to a whole program", p.page.name, p.blocks[1].line)
		}
		text := strings.Replace(p.blocks[0].text, "package main\n", "package given\n", 1)
		return withPorts(p.at(p.blocks[0]) + strings.Replace(text, "func main() {", "func Run() {", 1)), nil
	}
	var declarations, statements, written string
	for _, b := range p.blocks {
		written += b.text
		if _, err := parse("package p\n" + b.text); err == nil {
			declarations += p.at(b) + b.text
		} else if _, err := parse("package p\nfunc _() {\n" + b.text + "}"); err == nil {
			statements += p.at(b) + b.text
		} else {
			return "", fmt.Errorf("docs/%s.md:%d: neither statements nor declarations: %w", p.page.name, b.line, err)
		}
	}
	lines := func(all []framed) (text string) {
		for _, f := range all {
			if !regexp.MustCompile(f.unless).MatchString(written) {
				text += f.line + "\n"
			}
		}
		return text
	}
	f := p.page.frames[p.word]
	around := fmt.Sprintf("//line docs/%s.md, the frame of %q:1\n", p.page.name, p.title)
	if tests := aTest.FindAllStringSubmatch(written, -1); tests != nil {
		f = frame{after: []framed{{unlessNever, testMain(tests)}}}
	}
	declarations = regexp.MustCompile(`(?m)^func (\w+)\(`).ReplaceAllString(declarations, "$1 := func(")
	body := declarations + around + lines(f.before) + statements + around
	code := withPorts("func Run" + p.name + "() {\n" + body + used(body) + lines(f.after) + "}\n")
	return "package given\n" + importsOf(code) + code, nil
}

// aTest is a test function, which its program runs.
var aTest = regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)

func testMain(tests [][]string) string {
	list := ""
	for _, test := range tests {
		list += fmt.Sprintf("{%q, %s},", test[1], test[1])
	}
	return "testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{" + list + "}, nil, nil)"
}

// isMain reports whether the program is complete.
func (p *program) isMain() bool { return strings.Contains(p.blocks[0].text, "package main\n") }

// place returns the program's package, its file there, and the function that runs it.
func (p *program) place() (folder, file, function string) {
	if p.isMain() {
		return p.name, "page.go", "Run"
	}
	return p.page.folder(), p.name + ".go", "Run" + p.name
}

// at makes the compiler report the page's lines.
func (p *program) at(b block) string {
	return fmt.Sprintf("//line docs/%s.md:%d\n", p.page.name, b.line)
}

func parse(source string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
}

// used uses every variable of a function's body: the pages declare variables without always
// using them.
func used(body string) (text string) {
	file, err := parse("package p\nfunc _() {\n" + body + "}")
	if err != nil {
		return ""
	}
	for _, s := range file.Decls[0].(*ast.FuncDecl).Body.List {
		switch s := s.(type) {
		case *ast.AssignStmt:
			for _, l := range s.Lhs {
				if name, ok := l.(*ast.Ident); ok && s.Tok == token.DEFINE {
					text += "_ = " + name.Name + "\n"
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					text += "_ = " + v.Names[0].Name + "\n"
				}
			}
		}
	}
	return strings.ReplaceAll(text, "_ = _\n", "")
}

// importsOf returns the imports for names that the code does not define.
func importsOf(code string) (text string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, 0)
	if err != nil {
		return "" // the compiler will report it
	}
	names := map[string]bool{}
	for _, name := range file.Unresolved {
		names[name.Name] = imports[name.Name] != ""
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if names[name] {
			text += fmt.Sprintf("import %s %q\n", name, imports[name])
		}
	}
	return text
}

var documentedAddress = regexp.MustCompile(`"(127\.0\.0\.1:\d+)"`)

// withPorts replaces documented addresses by free ones.
func withPorts(code string) string { return documentedAddress.ReplaceAllString(code, "addr($0)") }

// mainFile runs the program named by its first argument, in the folder with its files.
const mainFile = `package main

import (
	"fmt"
	"os"
	"path/filepath"
%s)

var programs = map[string]func(){
%s}

func main() {
	fmt.Println("running", os.Args[1])
	if err := os.Chdir(filepath.Dir(os.Args[0])); err != nil {
		panic(err)
	}
	programs[os.Args[1]]()
}
`

// buildPages builds one program from all, because linking takes most of the time; its first
// argument selects the one to run.
func buildPages(t *testing.T, all []*program) (path string, err error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	// The checkout's workspace, so that the build uses this code.
	workspace := regexp.MustCompile(`(?m)^\t\.`).ReplaceAllLiteralString(read("../go.work"), "\t"+root)
	write("go.work", strings.Replace(workspace, "use (\n", "use (\n\t.\n", 1))
	write("go.work.sum", read("../go.work.sum"))
	write("go.mod", "module pages\n\ngo 1.26.0\n")
	packages, table := map[string]bool{}, ""
	for _, p := range all {
		code, err := p.source()
		if err != nil {
			return "", err
		}
		folder, file, function := p.place()
		write(filepath.Join(folder, file), code)
		write(filepath.Join(folder, "given.go"), read(filepath.Join("testdata", "docs", p.page.name, "given.go")))
		write(filepath.Join(folder, "addr.go"), read(filepath.Join("testdata", "docs", "addr.go")))
		packages[folder] = true
		table += fmt.Sprintf("\t%q: %s.%s,\n", p.name, folder, function)
	}
	imported := ""
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		imported += fmt.Sprintf("\t%s %q\n", folder, "pages/"+folder)
	}
	write("main.go", fmt.Sprintf(mainFile, imported, table))
	writeCertificate(t, dir)
	cmd := exec.Command("go", "build", "-o", "pages", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(dir, "pages"), nil
}

// writeCertificate puts a certificate where the pages' programs expect it.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]pem.Block{
		"metrics.crt": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "metrics.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPages runs all Go blocks of the pages, and plays their transcripts.
func TestPages(t *testing.T) {
	var all []*program
	for _, p := range pages {
		all = append(all, programsOf(t, p)...)
	}
	path, err := buildPages(t, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		t.Run(p.page.name+"/"+p.title, func(t *testing.T) {
			if aTest.MatchString(p.blocks[0].text) {
				if out, err := exec.Command(path, p.name).CombinedOutput(); err != nil {
					t.Fatalf("docs/%s.md:%d: %v\n%s", p.page.name, p.blocks[0].line, err, out)
				}
				return
			}
			s := startPage(t, path, p)
			for _, b := range p.transcripts {
				s.play(t, p.page, b)
			}
		})
	}
}

// A session is a running program of a page and its last response.
type session struct {
	*process
	ports  map[string]string // by the documented address
	addr   string            // of its service
	asked  []string          // the last request
	answer *http.Response
	body   string
}

// running is the line that a program prints when it starts.
var running = regexp.MustCompile(`(?m)^running (\S+)$`)

func startPage(t *testing.T, path string, p *program) *session {
	t.Helper()
	source, err := p.source()
	if err != nil {
		t.Fatal(err)
	}
	s := &session{ports: map[string]string{}}
	args := []string{p.name}
	for _, found := range documentedAddress.FindAllStringSubmatch(source, -1) {
		if s.ports[found[1]] == "" {
			s.ports[found[1]] = freePort(t)
			args = append(args, found[1]+"="+s.ports[found[1]])
		}
		s.addr = s.ports[found[1]] // the service's own address comes last
	}
	s.process = start(t, running, path, args...)
	for _, port := range s.ports {
		await(t, "the program of docs/"+p.page.name+".md to listen", func() bool {
			if s.ended() {
				t.Fatalf("%s ended:\n%s", p.title, s.output.String())
			}
			conn, err := net.Dial("tcp", port)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
	return s
}

// freePort returns an unused address. Its port is below the range from which the system assigns
// free ports: otherwise another package's test could get it before the program listens.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	t.Fatal("no port between 10,000 and 30,000 is free")
	return ""
}

var (
	aRequest = regexp.MustCompile(`^[A-Z]+ (/|https?://)`)
	aHeader  = regexp.MustCompile(`^([A-Z][A-Za-z-]+): (.*)$`)
	columns  = regexp.MustCompile(`  +`)
)

// play plays a transcript against the program, line by line:
//
//	GET /users/7    Accept: text/html    200   a request, headers, the status (or: aborted)
//	Content-Type: text/plain …                 the response has this header
//	name{label="x"} 1                          the response has this line
//	name{label="x"} …                          the response has a line that starts with this
//	no path="/users/7"                         the response does not contain this
//	SIGTERM                                    the program receives the signal
//	exit 0                                     it exits with this code, while the last request is repeated
func (s *session) play(t *testing.T, p page, b block) {
	t.Helper()
	for i, line := range strings.Split(b.text, "\n") {
		if err := s.step(t, strings.TrimSpace(line)); err != nil {
			t.Fatalf("docs/%s.md:%d: %s: %v\nthe program's output:\n%s", p.name, b.line+i, line, err, s.output.String())
		}
	}
}

func (s *session) step(t *testing.T, line string) error {
	header := aHeader.FindStringSubmatch(line)
	absent, isAbsent := strings.CutPrefix(line, "no ")
	start, isStart := strings.CutSuffix(line, "…")
	switch {
	case line == "":
		return nil
	case aRequest.MatchString(line):
		return s.request(columns.Split(line, -1))
	case line == "SIGTERM":
		return s.cmd.Process.Signal(syscall.SIGTERM)
	case strings.HasPrefix(line, "exit "):
		await(t, "the program's end", func() bool {
			_ = s.request(s.asked) // as Prometheus would go on
			return s.ended()
		})
		if got := fmt.Sprint("exit ", s.cmd.ProcessState.ExitCode()); got != line {
			return errors.New(got)
		}
		return nil
	case header != nil && !strings.HasPrefix(s.answer.Header.Get(header[1]), strings.TrimSuffix(header[2], "…")):
		return fmt.Errorf("it is %q", s.answer.Header.Get(header[1]))
	case header != nil:
		return nil
	case isAbsent:
		return s.lines("it is there", func(l string) bool { return strings.Contains(l, absent) })
	case slices.ContainsFunc(strings.Split(s.body, "\n"), func(l string) bool { return l == line || isStart && strings.HasPrefix(l, start) }):
		return nil
	}
	name := line[:strings.IndexAny(line+" ", "{ ")]
	return cmp.Or(s.lines("no such line, but", func(l string) bool { return strings.HasPrefix(l, name) }), errors.New("nothing like it is there"))
}

// lines returns an error with the chosen lines of the last response, if there are any.
func (s *session) lines(what string, chosen func(string) bool) error {
	all := slices.DeleteFunc(strings.Split(s.body, "\n"), func(l string) bool { return !chosen(l) })
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%s:\n\t%s", what, strings.Join(all, "\n\t"))
}

// request sends a request: the method with path or URL, headers, the status.
func (s *session) request(columns []string) error {
	method, url, _ := strings.Cut(columns[0], " ")
	if url[0] == '/' {
		url = "http://" + s.addr + url
	}
	for documented, real := range s.ports {
		url = strings.Replace(url, "//"+documented+"/", "//"+real+"/", 1)
	}
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		return err
	}
	for _, c := range columns[1 : len(columns)-1] {
		name, value, _ := strings.Cut(c, ": ")
		r.Header.Set(name, value)
	}
	s.asked, s.body, s.answer = columns, "", nil
	got := "aborted"
	if s.answer, err = visitor.Do(r); err == nil {
		defer s.answer.Body.Close()
		body, err := io.ReadAll(s.answer.Body)
		if err != nil {
			return err
		}
		s.body, got = string(body), strconv.Itoa(s.answer.StatusCode)
	}
	if want := columns[len(columns)-1]; got != want {
		return errors.Join(errors.New("it is "+got), err)
	}
	return nil
}

// visitor follows no redirects and accepts any certificate.
var visitor = http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// TestWrongPages: errors in a page are found, and the message names the line.
func TestWrongPages(t *testing.T) {
	flask := pages[0]
	for text, want := range map[string]string{
		"m := tacho.New(":                         "docs/from-flask.md:7: neither statements nor declarations",
		"m := tacho.MustNew(tacho.Options{X: 1})": "docs/from-flask.md:7: unknown field X",
		"undefined()":                             "docs/from-flask.md:7: undefined: undefined",
	} {
		p := &program{page: flask, name: "wrong", blocks: []block{{line: 7, text: text + "\n"}}}
		if _, err := buildPages(t, []*program{p}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %s", text, err, want)
		}
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, "a 1\nb{x=\"1\"} 2\n")
	}))
	defer service.Close()
	s := &session{addr: service.Listener.Addr().String()}
	for _, test := range []struct{ lines, want string }{
		{"GET /    200\na 1\nb{x=\"1\"} …\nno c\nContent-Type: text/plain…", ""},
		{"GET /broken    aborted", ""},
		{"GET /broken    200", "it is aborted"},
		{"GET /    404", "it is 200"},
		{"GET /    200\na 2", "no such line, but:\n\ta 1"},
		{"GET /    200\na", "no such line"},
		{"GET /    200\nc 1", "nothing like it"},
		{"GET /    200\nno b{", "it is there:\n\tb{x=\"1\"} 2"},
		{"GET /    200\nContent-Type: text/html", `it is "text/plain`},
	} {
		var err error
		for line := range strings.SplitSeq(test.lines, "\n") {
			err = errors.Join(err, s.step(t, line))
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want %q", test.lines, err, test.want)
		}
	}
}

// TestPagesPython parses every Python block of the pages, and runs those whose packages are
// installed.
func TestPagesPython(t *testing.T) {
	type pythonBlock struct {
		Page, Section string
		Line          int
		Text          string
	}
	var all []pythonBlock
	for _, p := range pages {
		for _, b := range readPage(t, p) {
			if b.info == "python" {
				all = append(all, pythonBlock{"docs/" + p.name + ".md", b.section, b.line, b.text})
			}
		}
	}
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(flaskPython(t), filepath.Join("testdata", "docs", "blocks.py"))
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%d blocks: %s", len(all), out)
}

// TestFlaskBehaviours: the table on the page for Flask users has each studied behavior once.
func TestFlaskBehaviours(t *testing.T) {
	const studied = 57
	page, err := os.ReadFile(pages[0].file())
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|(.*)$`).FindAllStringSubmatch(string(page), -1) {
		n, _ := strconv.Atoi(row[1])
		rows[n]++
		if cells := strings.Count(strings.ReplaceAll(row[2], `\|`, ""), "|"); cells != 3 {
			t.Errorf("row %d has %d cells after its number, want 3", n, cells)
		}
	}
	for n := range studied {
		if rows[n+1] != 1 {
			t.Errorf("behavior %d occurs %d times, want once", n+1, rows[n+1])
		}
		delete(rows, n+1)
	}
	if len(rows) > 0 {
		t.Errorf("rows %v are not behaviors of the study", slices.Sorted(maps.Keys(rows)))
	}
}
