//go:build nuclei

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/projectdiscovery/fastdialer/fastdialer"
	"github.com/projectdiscovery/gologger"
	"github.com/projectdiscovery/gologger/levels"
	nuclei "github.com/projectdiscovery/nuclei/v3/lib"
	"github.com/projectdiscovery/nuclei/v3/pkg/templates"
	"github.com/projectdiscovery/nuclei/v3/pkg/templates/types"
	updateutils "github.com/projectdiscovery/utils/update"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
	"github.com/cybersec-infohub/infohub/rules/template"
)

type engineHandle struct {
	*nuclei.NucleiEngine
	nowhere *dns.Server
}

func (e *engineHandle) close() {
	e.Close()
	_ = e.nowhere.Shutdown()
}

// start makes the engine, with every way out led to the proxy or shut.
func start(ctx context.Context, req *nucleiwire.Request) (*engineHandle, error) {
	gologger.DefaultLogger.SetMaxLevel(levels.LevelFatal)
	nowhere, resolver, err := resolveNothing(ctx)
	if err != nil {
		return nil, err
	}
	if err := shutWaysOut(req.Proxy, resolver); err != nil {
		return nil, err
	}
	n := req.Concurrency
	eng, err := nuclei.NewNucleiEngineCtx(ctx,
		nuclei.DisableUpdateCheck(),
		nuclei.WithInteractshOptions(nuclei.InteractshOpts{NoInteractsh: true, CacheSize: 1}), // 0 panics
		nuclei.WithProxy([]string{req.Proxy}, false),
		// Kept-alive connections would hold the few places that the proxy's
		// dialer has for one address, and stall the next origin on it.
		nuclei.WithHeaders([]string{"User-Agent: " + req.UserAgent, "Connection: close"}),
		nuclei.WithNetworkConfig(nuclei.NetworkConfig{
			Timeout: req.Timeout, Retries: 1, InternalResolversList: []string{resolver},
			// A host on the list of failing ones is skipped without a word.
			DisableMaxHostErr: true,
		}),
		nuclei.WithGlobalRateLimitCtx(ctx, req.PerSecond, time.Second),
		nuclei.WithConcurrency(nuclei.Concurrency{
			TemplateConcurrency: n, HostConcurrency: n, HeadlessHostConcurrency: 1, HeadlessTemplateConcurrency: 1,
			JavascriptTemplateConcurrency: 1, TemplatePayloadConcurrency: 1, ProbeConcurrency: 1,
		}),
		nuclei.WithResponseReadSize(0),          // any other value goes before the templates' max-size
		nuclei.WithSandboxOptions(false, false), // whom we may talk to is the proxy's to say
		nuclei.WithTemporaryDirectory(os.TempDir()),
		nuclei.WithVerbosity(nuclei.VerbosityOptions{Silent: true}),
	)
	if err != nil {
		_ = nowhere.Shutdown()
		return nil, fmt.Errorf("engine: %w", err)
	}
	return &engineHandle{eng, nowhere}, nil
}

// shutWaysOut sees to what the options of the engine do not:
//   - its start asks the vendor for news and sends a machine id, whatever
//     DisableUpdateCheck says;
//   - its dialer asks the system's resolvers before those that it is given;
//   - its HTTP client tries again with a second client, which knows nothing of
//     the proxy, when an answer is no HTTP. That client reads the environment.
func shutWaysOut(proxy, resolver string) error {
	closed := refuse{}
	updateutils.DefaultHttpClient.Transport = closed
	http.DefaultTransport = closed
	http.DefaultClient.Transport = closed
	fastdialer.DefaultOptions.ResolversFile = false
	fastdialer.DefaultOptions.HostsFile = false
	fastdialer.DefaultOptions.EnableFallback = false
	fastdialer.DefaultOptions.MaxRetries = 1
	fastdialer.DefaultOptions.BaseResolvers = []string{resolver}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		if err := os.Setenv(name, proxy); err != nil {
			return err
		}
	}
	return os.Unsetenv("NO_PROXY")
}

type refuse struct{}

func (refuse) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("this program calls nobody but its targets")
}

// resolveNothing starts a resolver on loopback that knows no name. The proxy
// resolves the targets; the engine only wonders about their CNAMEs.
func resolveNothing(ctx context.Context) (*dns.Server, string, error) {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeNameError))
	})}
	ready := make(chan struct{})
	server.NotifyStartedFunc = func() { close(ready) }
	failed := make(chan error, 1)
	go func() { failed <- server.ActivateAndServe() }()
	select {
	case <-ready:
		return server, conn.LocalAddr().String(), nil
	case err := <-failed:
		return nil, "", err
	}
}

// compile reads a template and refuses what could do more than look, as
// rules/template has done before from the text: this is how the engine itself
// has understood it.
func (e *engineHandle) compile(text string) (*templates.Template, error) {
	tpl, err := e.ParseTemplate([]byte(text))
	if err != nil {
		return nil, err
	}
	if tpl.Type() != types.HTTPProtocol || len(tpl.RequestsHTTP) != 1 || tpl.Flow != "" || tpl.SelfContained || len(tpl.Workflows) > 0 {
		// With two blocks, a match at one target ends the template at others.
		return nil, errors.New("it must be one block of HTTP requests")
	}
	r := tpl.RequestsHTTP[0]
	switch {
	case r.Method.String() != http.MethodGet && r.Method.String() != http.MethodHead:
		return nil, errors.New("its method must be GET or HEAD")
	case len(r.Raw) > 0, r.Body != "", len(r.Payloads) > 0, len(r.Fuzzing) > 0, r.Unsafe, r.Race, r.Pipeline, r.Threads > 0, r.Analyzer != nil:
		return nil, errors.New("it must have plain requests: no raw, body, payloads, fuzzing, unsafe, race, pipeline, threads, analyzer")
	case r.Redirects, r.ProtocolRedirects, r.HostRedirects && len(r.Path) > 1:
		// Each redirect counts as an answer, so that one path too few would not show.
		return nil, errors.New("it must not follow redirects, but from one path on the same host")
	case r.MaxSize < 0 || r.MaxSize > template.MaxBody:
		return nil, fmt.Errorf("its max-size must be 1 to %d", template.MaxBody)
	case r.CompiledOperators == nil || len(r.CompiledOperators.Matchers) == 0:
		return nil, errors.New("it has no matchers")
	}
	for _, path := range r.Path {
		rest, ok := strings.CutPrefix(path, "{{BaseURL}}")
		if !ok {
			rest, ok = strings.CutPrefix(path, "{{RootURL}}")
		}
		if !ok || rest != "" && rest[0] != '/' && rest[0] != '?' {
			return nil, fmt.Errorf("its path %q must begin with {{BaseURL}}/", path)
		}
	}
	if r.MaxSize == 0 {
		r.MaxSize = template.MaxBody
	}
	return tpl, nil
}
