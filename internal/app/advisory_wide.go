package app

import "github.com/cybersec-infohub/infohub/advisories"

// Bounds of what is made into STIX and OSV, which say again for each vulnerability
// what the record says once. What the hub publishes itself is within them: lint and
// the hub's largest envelope see to that. A document of others may not be.
const (
	wideParts  = 5000    // vulnerabilities, and remedies
	wideLinks  = 50_000  // of remedies to vulnerabilities
	wideStated = 300_000 // products, of each vulnerability
)

// tooWide reports whether a publication is beyond them.
func tooWide(a *advisories.Advisory) bool {
	vulnerabilities := len(a.Vulnerabilities)
	if vulnerabilities > wideParts || len(a.Remedies) > wideParts {
		return true
	}
	links, stated := 0, 0
	for i := range a.Remedies {
		if n := len(a.Remedies[i].Vulnerabilities); n > 0 {
			links += n
		} else {
			links += vulnerabilities
		}
	}
	for i := range a.Vulnerabilities {
		n := 0
		for _, ids := range a.Vulnerabilities[i].Products {
			n += len(ids)
		}
		if n == 0 {
			n = len(a.Products)
		}
		stated += n
	}
	return links > wideLinks || stated > wideStated
}

func errTooWide() error {
	return &advisories.Error{Code: advisories.NotFound, Message: "the advisory says too much of too many products for this form: take the CSAF document"}
}
