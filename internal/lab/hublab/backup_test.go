//go:build linux

package hublab_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestBackupUnderLoad: backups are made, over the socket, of a hub that writers
// post to. Each of them, restored, is a hub with everything that was acknowledged
// before the backup began, nothing by halves, and a sound audit log.
func TestBackupUnderLoad(t *testing.T) {
	backups := 2
	if proving() {
		backups = 10
	}
	dir := t.TempDir()
	s := newSite(t, dir)
	l := newLedger(s, 1)
	s.serve(nil)
	ctx, cancel := context.WithCancel(t.Context())
	c := client(4)
	var wg sync.WaitGroup
	l.writers(&wg, func(path string, from *source) { l.write(ctx, t, c, path, from) })
	copies := make([]*ledger, backups)
	for n := range copies {
		time.Sleep(200 * time.Millisecond) // so that there is more each time
		copies[n] = l.copy(fmt.Sprintf("%s/%d", dir, n))
		run(t, "backup", "--data", s.data, filepath.Join(dir, fmt.Sprint(n, ".backup")))
	}
	cancel()
	wg.Wait()
	l.readsGoOn(t)
	s.stop()
	for n, was := range copies {
		file := filepath.Join(dir, fmt.Sprint(n, ".backup"))
		run(t, "backup", "verify", file)
		run(t, "restore", "--data", was.site.data, file)
		was.site.isSound()
		was.site.serve(nil)
		was.mend(l)
		acked, open := was.verify(t, true)
		was.site.auditIsSound()
		was.site.stop()
		t.Logf("backup %d: %d objects that were acknowledged before, %d of after", n, acked, open)
	}
}

// copy is the ledger as it is now, of a site that a backup of this one is
// restored to.
func (l *ledger) copy(dir string) *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	other := &site{t: l.site.t, data: filepath.Join(dir, "data"), org: l.site.org, key: l.site.key}
	l.site.t.Cleanup(other.kill)
	c := newLedger(other, 0)
	for _, p := range l.sent {
		was := *p
		c.sent = append(c.sent, &was)
	}
	return c
}

// mend adds what was sent later, without its having been acknowledged: some of it
// may be in the backup. What is there has the date_added that it has in the hub.
func (l *ledger) mend(now *ledger) {
	for _, p := range now.sent[len(l.sent):] {
		l.sent = append(l.sent, &posted{objects: p.objects})
	}
	l.byID = now.byID
	l.was = now.dates
}
