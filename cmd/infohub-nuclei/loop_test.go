//go:build nuclei

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	nuclei "github.com/projectdiscovery/nuclei/v3/lib"
	"github.com/projectdiscovery/nuclei/v3/pkg/output"
)

// TestEnginesOwnLoop shows why run has a loop of its own: the engine's, at
// hosts whose port is closed, leaves results out and reports others as not
// matched without an error. It does so only while it keeps a list of failing
// hosts. Should the first part fail after an upgrade, the engine has been
// mended, and docs/adr/0002 needs a line.
func TestEnginesOwnLoop(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	if err := shutWaysOut("socks5://127.0.0.1:1", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Unsetenv("HTTP_PROXY"), os.Unsetenv("HTTPS_PROXY")
	const templates, hosts = 60, 250
	dir := t.TempDir()
	for i := range templates {
		path := fmt.Sprintf("q%d", max(0, i-20)) // the first 21 are clustered
		text := fmt.Sprintf("id: t%d\ninfo: {name: t, author: t, severity: info}\nhttp:\n  - method: %s\n    path: [\"{{BaseURL}}/%s\"]\n    matchers: [{type: word, words: [never]}]\n", i, http.MethodGet, path)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("t%d.yaml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, listed := range []bool{true, false} {
		eng, err := nuclei.NewNucleiEngineCtx(t.Context(),
			nuclei.DisableUpdateCheck(), nuclei.EnableMatcherStatus(),
			nuclei.WithInteractshOptions(nuclei.InteractshOpts{NoInteractsh: true, CacheSize: 1}),
			nuclei.WithTemplatesOrWorkflows(nuclei.TemplateSources{Templates: []string{dir}}),
			nuclei.WithGlobalRateLimitCtx(t.Context(), 5000, time.Second),
			nuclei.WithNetworkConfig(nuclei.NetworkConfig{Timeout: 5, Retries: 1, MaxHostError: 30, DisableMaxHostErr: !listed}),
			nuclei.WithVerbosity(nuclei.VerbosityOptions{Silent: true}),
		)
		if err != nil {
			t.Fatal(err)
		}
		var targets []string
		for i := range hosts {
			targets = append(targets, fmt.Sprintf("http://127.0.1.%d:%d", 1+i, port))
		}
		eng.LoadTargets(targets, false)
		var (
			mu      sync.Mutex
			pairs   = map[string]bool{}
			silent  = 0
			cluster = 0
		)
		err = eng.ExecuteCallbackWithCtx(context.Background(), func(e *output.ResultEvent) {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(e.TemplateID, "cluster") {
				cluster++
				return
			}
			pairs[e.TemplateID+" "+e.Host] = true
			if e.Error == "" {
				silent++
			}
		})
		eng.Close()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("list of failing hosts %t: %d of %d results, %d of them without an error, and %d under the name of a cluster",
			listed, len(pairs), templates*hosts, silent, cluster)
		if whole := len(pairs) == templates*hosts && silent == 0; whole == listed {
			t.Errorf("list of failing hosts %t: whole %t", listed, whole)
		}
	}
}
