package taxii

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/stix"
)

// statusResource is TAXII 2.1, 4.3.1.
type statusResource struct {
	ID               string         `json:"id"`
	Status           string         `json:"status"`
	RequestTimestamp string         `json:"request_timestamp"`
	TotalCount       int            `json:"total_count"`
	SuccessCount     int            `json:"success_count"`
	Successes        []statusDetail `json:"successes,omitempty"`
	FailureCount     int            `json:"failure_count"`
	Failures         []statusDetail `json:"failures,omitempty"`
	PendingCount     int            `json:"pending_count"`
	Pendings         []statusDetail `json:"pendings,omitempty"`
}

// statusDetail is TAXII 2.1, 4.3.2.
type statusDetail struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message,omitempty"`
}

// newStatus renders a status. A warning is the message of the object that was
// stored in spite of it.
func newStatus(s *hub.Status) statusResource {
	type version struct{ id, version string }
	warnings := map[version][]string{}
	for _, w := range s.Warnings {
		at := version{w.ID, w.Version}
		warnings[at] = append(warnings[at], w.Message)
	}
	details := func(all []hub.StatusDetail, warned bool) []statusDetail {
		list := make([]statusDetail, 0, len(all))
		for _, d := range all {
			one := statusDetail(d)
			if more := warnings[version{d.ID, d.Version}]; warned && len(more) > 0 {
				if one.Message != "" {
					more = append([]string{one.Message}, more...)
				}
				one.Message = strings.Join(more, "; ")
			}
			list = append(list, one)
		}
		return list
	}
	return statusResource{
		ID: s.ID, Status: string(s.State), RequestTimestamp: formatTime(s.RequestTimestamp),
		TotalCount:   len(s.Successes) + len(s.Failures) + len(s.Pendings),
		SuccessCount: len(s.Successes), Successes: details(s.Successes, true),
		FailureCount: len(s.Failures), Failures: details(s.Failures, false),
		PendingCount: len(s.Pendings), Pendings: details(s.Pendings, true),
	}
}

// getStatus answers .../status/{id}/ (TAXII 2.1, 4.3).
func (c *call) getStatus() error {
	if _, err := c.Hub.Root(c.r.Context(), &c.caller, c.root); err != nil {
		return c.needsKey(err)
	}
	s, err := c.Hub.Status(c.r.Context(), &c.caller, c.status)
	if err != nil {
		return c.needsKey(err)
	}
	return c.answer(http.StatusOK, newStatus(&s))
}

// add answers POST of .../objects/ (TAXII 2.1, 5.5). The answer comes when the
// objects are on disk, so that its status is the final one but for what waits
// for moderation.
func (c *call) add() error {
	a, err := c.access()
	if err != nil {
		return err
	}
	// Before a byte of what may be a large body is read.
	if !a.CanWrite {
		return c.needsKey(&hub.Error{Code: hub.Forbidden, Message: "you may read this collection, and not write to it"})
	}
	if err := submits(c.r.Header); err != nil {
		return err
	}
	done, err := c.Turns.Take(c.r.Context(), &c.caller, c.Stall)
	if err != nil {
		return err
	}
	defer done()
	body, err := c.body()
	if err != nil {
		return err
	}
	s, err := c.Hub.Submit(c.r.Context(), &c.caller, hub.Submission{Root: c.root, Collection: a.ID, Body: body})
	if err != nil {
		return c.needsKey(unprocessable(err))
	}
	return c.answer(http.StatusAccepted, newStatus(&s))
}

// unprocessable tells JSON that is no envelope, 422, from what is no JSON, 400
// (TAXII 2.1, 3.6.2). Too many objects are 422 too: 413 is for bytes.
func unprocessable(err error) error {
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || e.Code != hub.Invalid && e.Code != hub.TooLarge {
		return err
	}
	if _, ok := errors.AsType[*stix.SyntaxError](err); ok {
		return err
	}
	return refuse(http.StatusUnprocessableEntity, "%s", e.Message)
}

// remove answers DELETE of .../objects/{id}/ (TAXII 2.1, 5.7).
func (c *call) remove() error {
	a, err := c.access()
	if err != nil {
		return err
	}
	f, err := parseDeletion(c.r.URL.RawQuery)
	if err != nil {
		return err
	}
	if len(f.specs) > 0 && !slices.Contains(f.specs, "2.1") {
		return refuse(http.StatusNotFound, "the object has no version of STIX %s here", printable(strings.Join(f.specs, ", ")))
	}
	if err := c.Hub.Delete(c.r.Context(), &c.caller, c.root, a.ID, c.object, f.versions); err != nil {
		if !a.CanRead || !a.CanWrite {
			err = c.needsKey(err)
		}
		return err
	}
	return c.answer(http.StatusOK, struct{}{})
}

// parseDeletion reads the query of DELETE. Here no filter may go unnoticed.
func parseDeletion(rawQuery string) (filter, error) {
	f, _, err := parseFilter(rawQuery, fieldsOfOne())
	if err != nil {
		return f, err
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return f, err
	}
	for name := range values {
		if name != "match[version]" && name != "match[spec_version]" && (strings.HasPrefix(name, "match") || name == "added_after" || name == "limit" || name == "next") {
			return f, refuse(http.StatusBadRequest, "a deletion takes match[version] and match[spec_version], not %s", printable(name))
		}
	}
	if !f.given["match[version]"] {
		f.versions.All = true
	}
	return f, nil
}
