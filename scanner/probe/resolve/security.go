package resolve

import (
	"context"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// Security is the DNSSEC state of what Lookup finds for a name and type: of the
// records and of the aliases on the way to them, the weakest. Lookup itself hands
// out bogus answers, too, since a scan is to tell about them. The error is
// Lookup's.
func (r *Resolver) Security(ctx context.Context, name string, qtype uint16) (scanner.DNSSECStatus, error) {
	answer, err := r.Lookup(ctx, name, qtype)
	if err != nil {
		return "", err
	}
	names := []string{dns.CanonicalName(name)}
	for _, alias := range answer.CNAMEs {
		names = append(names, dns.CanonicalName(alias))
	}
	return r.securityOf(withBudget(ctx), names, qtype), nil
}
