//go:build nuclei

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/projectdiscovery/nuclei/v3/pkg/output"
	"github.com/projectdiscovery/nuclei/v3/pkg/protocols/common/contextargs"
	nucleihttp "github.com/projectdiscovery/nuclei/v3/pkg/protocols/http"
	"github.com/projectdiscovery/nuclei/v3/pkg/scan"
	"github.com/projectdiscovery/nuclei/v3/pkg/templates"

	"github.com/cybersec-infohub/infohub/internal/nucleiwire"
)

// writer writes lines from many goroutines and counts the results.
type writer struct {
	mu   sync.Mutex
	out  *json.Encoder
	done nucleiwire.Done
}

func (w *writer) result(r nucleiwire.Result) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch r.Status {
	case nucleiwire.Matched:
		w.done.Matched++
	case nucleiwire.Clean:
		w.done.Clean++
	case nucleiwire.Failed:
		w.done.Failed++
	default:
		w.done.Silent++
	}
	r.Error = r.Error[:min(len(r.Error), 1000)] // a line has nucleiwire.MaxLine
	return w.out.Encode(nucleiwire.Line{Result: &r})
}

// run executes every job and writes its result.
//
// The engine's own loop (ExecuteCallbackWithCtx) is not used: it clusters
// templates, gives up on hosts and swallows requests that failed, and then some
// jobs end without a word. Here each job is one call that returns, and it has
// not matched only if every request of the template was answered.
func run(ctx context.Context, req *nucleiwire.Request, w *writer) error {
	eng, err := start(ctx, req)
	if err != nil {
		return err
	}
	defer eng.close()
	if err := w.out.Encode(nucleiwire.Line{Hello: &nucleiwire.Hello{Version: nucleiwire.Version, Engine: engine}}); err != nil {
		return err
	}
	compiled := map[string]*templates.Template{}
	broken := map[string]error{}
	for _, t := range req.Templates {
		if compiled[t.ID], err = eng.compile(t.Text); err != nil {
			broken[t.ID] = err
		}
	}
	var (
		wg   sync.WaitGroup
		jobs = make(chan nucleiwire.Job)
		errs = make([]error, req.Concurrency)
		dead = graveyard{rows: map[string]int{}, last: map[string]string{}}
	)
	for i := range req.Concurrency {
		wg.Go(func() {
			for job := range jobs {
				r := nucleiwire.Result{Job: job, Status: nucleiwire.Failed}
				switch tpl := compiled[job.Template]; {
				case broken[job.Template] != nil:
					r.Error = "template: " + broken[job.Template].Error()
				case tpl == nil:
					r.Error = "template: not in the request"
				case dead.why(job.Target) != "":
					r.Error = fmt.Sprintf("not asked, after %d templates in a row had failed: %s", deadAfter, dead.why(job.Target))
				default:
					execute(ctx, tpl, &r)
					dead.note(&r)
				}
				if ctx.Err() == nil || r.Status == nucleiwire.Matched { // what was stopped has no result
					errs[i] = errors.Join(errs[i], w.result(r))
				}
			}
		})
	}
	for _, job := range req.Jobs {
		if ctx.Err() != nil {
			break
		}
		jobs <- job
	}
	close(jobs)
	wg.Wait()
	return errors.Join(append(errs, w.out.Encode(nucleiwire.Line{Done: &w.done}))...)
}

// deadAfter is how many templates in a row a target may leave without an answer
// before it is left alone.
const deadAfter = 8

// graveyard knows the targets that answer nothing any more.
type graveyard struct {
	mu   sync.Mutex
	rows map[string]int    // templates in a row, by target
	last map[string]string // the last error
}

// why is what the last templates failed with, once there are deadAfter.
func (g *graveyard) why(target string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rows[target] < deadAfter {
		return ""
	}
	return g.last[target]
}

func (g *graveyard) note(r *nucleiwire.Result) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Status != nucleiwire.Failed || r.HTTP != 0 {
		g.rows[r.Target] = 0
		return
	}
	g.rows[r.Target]++
	g.last[r.Target] = r.Error
}

// execute runs a template against one target and fills in how that ended.
func execute(ctx context.Context, tpl *templates.Template, r *nucleiwire.Result) {
	defer func() {
		if p := recover(); p != nil {
			r.Status, r.Error = nucleiwire.Failed, fmt.Sprint("the engine panicked: ", p)
		}
	}()
	answered, refused := 0, 0
	var short error
	sc := scan.NewScanContext(ctx, contextargs.NewWithInput(ctx, r.Target))
	sc.OnResult = func(e *output.InternalWrappedEvent) { // one at a time: the context holds its lock
		e.RLock()
		defer e.RUnlock()
		switch status, _ := e.InternalEvent["status_code"].(int); {
		case status == 429 || status >= 500:
			refused = status
			fallthrough
		case status != 0:
			answered++
			short = errors.Join(short, whole(e.InternalEvent, tpl.RequestsHTTP[0]))
		}
	}
	results, err := tpl.Executer.ExecuteWithResults(sc)
	if err == nil {
		err = sc.GenerateErrorMessage() // most errors are only noted there
	}
	for _, m := range results {
		if m.MatcherStatus {
			r.Status, r.At = nucleiwire.Matched, m.Matched
			return
		}
	}
	switch {
	case err != nil:
		r.Status, r.Error = nucleiwire.Failed, err.Error()
	case refused != 0:
		r.Status, r.HTTP = nucleiwire.Failed, refused
	case short != nil:
		r.Status, r.Error = nucleiwire.Failed, short.Error()
	case answered < tpl.TotalRequests:
		r.Status, r.Error = nucleiwire.Silent, fmt.Sprintf("%d of %d requests were answered", answered, tpl.TotalRequests)
	default:
		r.Status, r.Error = nucleiwire.Clean, ""
	}
}

// whole returns an error for a body that broke off, which the engine judges as
// if it were all there.
func whole(e output.InternalEvent, request *nucleihttp.Request) error {
	promised, _ := e["content_length"].(int64) // the length of what came, where none was promised
	body, _ := e["body"].(string)
	_, encoded := e["content_encoding"]
	if request.Method.String() == http.MethodHead || encoded {
		return nil
	}
	if n := int64(len(body)); n < promised && n < int64(request.MaxSize) {
		return fmt.Errorf("an answer broke off after %d of %d bytes", n, promised)
	}
	return nil
}
