package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// profileChecks are advice from everything that a server accepts.
func profileChecks() []scanner.Check {
	needs := []string{"tls"}
	return []scanner.Check{
		{Rule: "tls.profile.intermediate", Needs: needs, Judge: onEvery(profileIntermediate)},
		{Rule: "tls.client.excluded", Needs: needs, Judge: onEvery(clientExcluded)},
	}
}

// onEvery is onWhole for scans that tried every suite.
func onEvery(judge func(v *votes, h tlsHost)) func(*scanner.Facts) scanner.Finding {
	return onWhole(func(v *votes, h tlsHost) {
		switch {
		case !h.facts.Options.TLSFull:
			v.skip(scanner.NANotFull)
		case h.Every == nil:
			h.unclear(v, "every cipher suite")
		default:
			judge(v, h)
		}
	})
}

// profileIntermediate judges that profile; the others stand beside it.
func profileIntermediate(v *votes, h tlsHost) {
	profiles, met := h.Profiles(), false
	slices.SortStableFunc(profiles, func(a, b scanner.TLSProfile) int {
		return cmp.Compare(rank(a), rank(b))
	})
	if why := h.Every.Failure; why != nil && profiles[0].Met() {
		v.unknown(why, h.at, "not every suite could be tried: "+why.Error())
		return
	}
	for i, p := range profiles {
		seen := p.Name + ": met"
		if !p.Met() {
			seen = p.Name + ": against it " + strings.Join(p.Against, ", ")
		}
		if i == 0 {
			met = p.Met()
		}
		if met {
			v.pass(h.at, seen)
		} else {
			v.warn(h.Name, h.at, seen)
		}
	}
}

// rank puts the profile that is judged first.
func rank(p scanner.TLSProfile) int {
	if p.Name == scanner.ProfileIntermediate {
		return 0
	}
	return 1
}

func clientExcluded(v *votes, h tlsHost) {
	if why := h.Every.Failure; why != nil {
		v.unknown(why, h.at, "not every suite could be tried: "+why.Error())
		return
	}
	var out []string
	all := h.Clients()
	for _, c := range all {
		if !c.Connects() {
			out = append(out, c.Name)
		}
	}
	if len(out) > 0 {
		v.warn(h.Name, h.at, "cannot connect: "+strings.Join(out, ", "))
		return
	}
	v.pass(h.at, fmt.Sprintf("all of %d common clients can connect", len(all)))
}
