package webprobe

import (
	"github.com/cybersec-infohub/infohub/scanner"
	"github.com/cybersec-infohub/infohub/scanner/probe/techprobe"
)

// technologies tells what a page is made with, while its body is there. A table
// that does not load is a broken build, which tests find.
func technologies(a *answer, body []byte) []scanner.Technology {
	d, err := techprobe.Load()
	if err != nil || a.hop.Status >= 400 {
		return nil
	}
	return d.Detect(techprobe.Seen{Hop: &a.hop, Page: a.page, Body: body})
}

// remember keeps the inventory of a URL until it is known which page stands for
// the site.
func (v *visit) remember(url string, made []scanner.Technology) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.made == nil {
		v.made = map[string][]scanner.Technology{}
	}
	v.made[url] = made
}

func (v *visit) madeWith(url string) []scanner.Technology {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.made[url]
}
