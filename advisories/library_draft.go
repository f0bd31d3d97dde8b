package advisories

import (
	"context"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// ImportDraft begins an advisory of ours with what others published: its address is
// among the references, and Record.Origin says where it is from. Whom it named as
// readers, when it may be published and what it takes the place of are for us to
// say. Where one of ours was made of the same publication, or names all the
// vulnerabilities that this one names, it is Conflict, which says which one: there
// is no need of a second. The other errors are those of Create.
func (s *Service) ImportDraft(ctx context.Context, c *Caller, p Publication, src Source) (Record, error) {
	if err := analyst(c); err != nil {
		return Record{}, err
	}
	return s.change(ctx, c, "advisory.import", func(x *change) error {
		origin := &Origin{Publisher: p.Publisher, ID: cut(p.Tracking.ID, maxName), Version: cut(versionOf(&p.Tracking), 100), Source: src}
		if err := x.checkNew(origin, &p.Advisory); err != nil {
			return err
		}
		a := p.Advisory
		a.Organisations, a.People, a.Supersedes = nil, nil, nil
		a.References = referencesOf(&p, &src)
		rec := &Record{UUID: recordName + x.fresh.String(), Created: x.now, Origin: origin}
		if err := x.write(rec, a); err != nil {
			return err
		}
		x.log(rec, Advisory{}, a)
		x.entry.Detail["origin"] = cut(origin.ID, 200)
		x.entry.Detail["source"] = cut(src.ID, 200)
		return nil
	})
}

// checkNew is the Conflict of an import that one of ours is about already, as far as
// the caller may know of that.
func (x *change) checkNew(origin *Origin, a *Advisory) error {
	names := vulnerabilities(a)
	var ours *Record
	err := aboutSame(x.tx, append([]string{origin.name()}, names...), func(rec *Record, name string) bool {
		if !mayWork(x.c, rec) {
			return true
		}
		about := rec.about()
		missing := slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(about, n) })
		if name == origin.name() || !missing {
			ours = rec
		}
		return ours == nil
	})
	if err != nil || ours == nil {
		return err
	}
	name := ours.ID
	if name == "" {
		name = ours.UUID
	}
	return fail(Conflict, "%s is about the same: edit that one", name)
}

// name is an origin as the index of vulnerabilities has it: no vulnerability is
// called so.
func (o *Origin) name() string {
	return strings.ToLower("from " + strings.TrimRight(o.Publisher.Namespace, "/") + " " + o.ID)
}

// referencesOf are an import's references, and the import itself as the first.
func referencesOf(p *Publication, src *Source) []Reference {
	address := src.URL
	var refs []Reference
	for _, ref := range p.Advisory.References {
		if ref.Self && !isWebAddress(address) {
			address = ref.URL
		}
		ref.Self = false // of what we publish it is not
		refs = append(refs, ref)
	}
	if !isWebAddress(address) {
		return refs
	}
	refs = slices.DeleteFunc(refs, func(ref Reference) bool { return ref.URL == address })
	summary := strings.TrimSpace(p.Publisher.Name + " " + p.Tracking.ID)
	first := Reference{URL: address}
	if summary != "" {
		first.Summary = Texts{i18n.English: summary}
	}
	return slices.Insert(refs, 0, first)
}
