package hub

import (
	"context"
	"io"

	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// AuditLog is a page of the audit log, newest first. Hub administrators may read
// it.
func (s *Service) AuditLog(ctx context.Context, c *Caller, f audit.Filter) (audit.Page, error) {
	if !c.administers() {
		return audit.Page{}, c.refuse()
	}
	var page audit.Page
	err := s.store.View(ctx, func(r store.Reader) (err error) {
		page, err = audit.List(r, f)
		return err
	})
	return page, err
}

// VerifyAudit reads the whole audit log and says whether it is as it was
// written, up to an anchor that was noted elsewhere if there is one. Hub
// administrators may.
func (s *Service) VerifyAudit(ctx context.Context, c *Caller, noted *audit.Anchor) (audit.Verified, error) {
	if !c.administers() {
		return audit.Verified{}, c.refuse()
	}
	return audit.Verify(ctx, s.store, noted)
}

// ExportAudit writes the audit log as lines of JSON. Hub administrators may, and
// that they did is in the log.
func (s *Service) ExportAudit(ctx context.Context, c *Caller, w io.Writer) error {
	if !c.administers() {
		return c.refuse()
	}
	err := s.change(ctx, c, "audit.export", func(store.Tx, *audit.Entry) error { return nil })
	if err == nil {
		_, err = audit.Export(ctx, s.store, 0, w)
	}
	return err
}

// Backup lets write write a copy of everything, which no marking bounds: only
// whoever may open the data directory gets one. It is audited before it begins.
func (s *Service) Backup(ctx context.Context, c *Caller, write func() error) error {
	if c.Kind != CallerLocal {
		return c.refuse()
	}
	if err := s.change(ctx, c, "backup", func(store.Tx, *audit.Entry) error { return nil }); err != nil {
		return err
	}
	return write()
}
