package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// maxLines is where a file is split by noun. Tests, which are tables, and
// generated files may be longer.
const maxLines = 500

func TestHouseStyle(t *testing.T) {
	for _, complaint := range checkStyle(thisModule(t)) {
		t.Error(complaint)
	}
}

// checkStyle says where files leave the house rules: their length, a comment on
// every package, no init functions, no sudden end of the process outside main,
// and checks that neither look at the clock nor use the network.
func checkStyle(files []file) []string {
	var complaints []string
	documented := map[string]bool{} // by package; only those that are no mere tests
	for _, f := range files {
		if f.test {
			continue
		}
		if f.lines > maxLines && !f.generated() {
			complaints = append(complaints, fmt.Sprintf("%s has %d lines: split it by noun at %d", f.name, f.lines, maxLines))
		}
		documented[f.pkg] = documented[f.pkg] || f.syntax.Doc.Text() != ""
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				complaints = append(complaints, f.name+" has an init function: return the value from a constructor")
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if name, why := unwelcome(f, n); why != "" {
				complaints = append(complaints, fmt.Sprintf("%s uses %s: %s", f.name, name, why))
			}
			return true
		})
	}
	for pkg, ok := range documented {
		if !ok {
			complaints = append(complaints, pkg+" has no package comment: say what it is for, then who may import it")
		}
	}
	slices.Sort(complaints)
	return complaints
}

// unwelcome says what is wrong with a name that the code uses, if anything is.
func unwelcome(f file, n ast.Node) (name, why string) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if fn, ok := n.Fun.(*ast.Ident); ok && fn.Name == "panic" && f.syntax.Name.Name != "main" {
			return "panic", "return an error; only main ends the process"
		}
	case *ast.SelectorExpr:
		pkg, ok := n.X.(*ast.Ident)
		if !ok || !slices.Contains(f.imports(), importOf[pkg.Name]) {
			return "", ""
		}
		name = pkg.Name + "." + n.Sel.Name
		if f.syntax.Name.Name != "main" && matchesAny(ending, name) {
			return name, "return an error; only main ends the process"
		}
		if matches("scanner/checks/...", f.pkg) && matchesAny(impure, name) {
			return name, "a check judges facts, without network and clock"
		}
	}
	return "", ""
}

// importOf has the import path of each package name in the lists below.
var importOf = map[string]string{"log": "log", "os": "os", "time": "time", "net": "net", "http": "net/http"}

var ending = []string{
	"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln",
}

var impure = []string{
	"time.Now", "time.Since", "time.Until", "time.After", "time.Sleep",
	"net.Dial", "net.DialTimeout", "net.Dialer", "net.Resolver", "net.LookupHost", "net.LookupIP", "net.LookupTXT", "net.LookupMX",
	"http.Get", "http.Head", "http.Post", "http.Client", "http.DefaultClient",
	"os.Getenv", "os.LookupEnv", "os.Open", "os.ReadFile",
}

func TestBrokenStyleIsReported(t *testing.T) {
	tests := []struct {
		about, name, source string
		want                string // part of the one complaint; empty for none
	}{
		{"good", "hub/a.go", "// Package hub shares.\npackage hub\n", ""},
		{"no comment", "hub/a.go", "package hub\n", "no package comment"},
		{"a test package needs none", "hub/a_test.go", "package hub_test\n", ""},
		{"a build tag is no comment", "hub/a.go", "//go:build linux\n\npackage hub\n", "no package comment"},
		{"init", "hub/a.go", "// Package hub.\npackage hub\n\nfunc init() {}\n", "init function"},
		{"init in main", "cmd/infohub/a.go", "// Infohub.\npackage main\n\nfunc init() {}\n", "init function"},
		{"a method named init", "hub/a.go", "// Package hub.\npackage hub\n\ntype t int\n\nfunc (t) init() {}\n", ""},
		{"panic", "hub/a.go", "// Package hub.\npackage hub\n\nfunc f() { panic(1) }\n", "panic"},
		{"panic in main", "cmd/infohub/a.go", "// Infohub.\npackage main\n\nfunc f() { panic(1) }\n", ""},
		{"exit", "hub/a.go", "// Package hub.\npackage hub\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "os.Exit"},
		{"exit in main", "cmd/infohub/a.go", "// Infohub.\npackage main\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", ""},
		{"fatal", "hub/a.go", "// Package hub.\npackage hub\n\nimport \"log\"\n\nfunc f() { log.Fatalf(\"\") }\n", "log.Fatalf"},
		{"fatal in a test", "hub/a_test.go", "package hub\n\nimport \"log\"\n\nfunc f() { log.Fatalf(\"\") }\n", ""},
		{"a clock in a check", "scanner/checks/a.go", "// Package checks.\npackage checks\n\nimport \"time\"\n\nvar f = time.Now\n", "time.Now"},
		{"a duration in a check", "scanner/checks/a.go", "// Package checks.\npackage checks\n\nimport \"time\"\n\nconst d = time.Hour\n", ""},
		{"a dial in a check", "scanner/checks/a.go", "// Package checks.\npackage checks\n\nimport \"net\"\n\nvar d net.Dialer\n", "net.Dialer"},
		{"long", "hub/a.go", "// Package hub.\npackage hub\n" + strings.Repeat("\n", maxLines), "split it"},
		{"long and generated", "hub/a.go", "// Code generated by hand. DO NOT EDIT.\n\n// Package hub.\npackage hub\n" + strings.Repeat("\n", maxLines), ""},
		{"another module", "tools/a.go", "package tools\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			files, err := readSource(fstest.MapFS{
				tt.name:        {Data: []byte(tt.source)},
				"tools/go.mod": {Data: []byte("module tools\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := checkStyle(files)
			if tt.want == "" && len(got) == 0 {
				return
			}
			if tt.want == "" || len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("complaints %q, want %q", got, tt.want)
			}
		})
	}
}
