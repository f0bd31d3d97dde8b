package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// TestEditors: many analysts change one advisory at once, each adding words of their
// own to what they read. Whoever is too late is told so, with their text and the one
// that is there, and puts both together: in the end no word is lost.
func TestEditors(t *testing.T) {
	w := newNotices(t)
	n := w.draft(&notice{what: "draft", label: "green"}, "gov-analyst", "")
	const editors, rounds = 6, 5
	var wg sync.WaitGroup
	var mu sync.Mutex
	conflicts := 0
	edit := func(who *asker, tag string) {
		text := decode[apiclient.Draft](w.world, w.ask(who, http.MethodGet, "/api/v1/drafts/"+n.record, ""))
		for range 200 {
			a, problems, err := advisories.ReadYAML([]byte(text.YAML))
			if err != nil {
				t.Error(err, problems)
				return
			}
			if !slices.Contains(a.Tags, tag) {
				a.Tags = append(a.Tags, tag)
			}
			yaml, err := advisories.WriteYAML(a)
			if err != nil {
				t.Error(err)
				return
			}
			body, err := json.Marshal(apiclient.DraftEdit{Version: text.Version, YAML: string(yaml)})
			if err != nil {
				t.Error(err)
				return
			}
			got := w.ask(who, http.MethodPatch, "/api/v1/drafts/"+n.record, string(body))
			if got.status == http.StatusOK {
				return
			}
			var problem struct {
				Errors []struct {
					Location string
					Value    string
				}
			}
			if err := json.Unmarshal([]byte(got.body), &problem); err != nil || got.status != http.StatusConflict {
				t.Errorf("%s: %v %s", who.name, err, got)
				return
			}
			shown := map[string]string{}
			for _, e := range problem.Errors {
				shown[e.Location] = e.Value
			}
			if shown["yours"] != string(yaml) || shown["theirs"] == "" || shown["theirs"] == shown["yours"] {
				t.Errorf("%s is not shown both texts: %s", who.name, got)
				return
			}
			mu.Lock()
			conflicts++
			mu.Unlock()
			// The version is asked for again; the text may be newer still.
			text = decode[apiclient.Draft](w.world, w.ask(who, http.MethodGet, "/api/v1/drafts/"+n.record, ""))
		}
		t.Errorf("%s never gets through", who.name)
	}
	for i := range editors {
		who := w.asker([]string{"gov-analyst", "ada", "second"}[i%3])
		wg.Go(func() {
			for r := range rounds {
				edit(who, fmt.Sprintf("e%d-r%d", i, r))
			}
		})
	}
	wg.Wait()
	last := decode[apiclient.Draft](w.world, w.ask(w.asker("ada"), http.MethodGet, "/api/v1/drafts/"+n.record, ""))
	for i := range editors {
		for r := range rounds {
			if tag := fmt.Sprintf("e%d-r%d", i, r); !strings.Contains(last.YAML, tag) {
				t.Errorf("what %s was is lost", tag)
			}
		}
	}
	if last.Version != 1+editors*rounds || conflicts == 0 {
		t.Errorf("version %d after %d changes, %d conflicts", last.Version, editors*rounds, conflicts)
	}
	t.Logf("%d conflicts", conflicts)
}
