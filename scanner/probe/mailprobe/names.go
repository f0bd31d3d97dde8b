package mailprobe

import (
	"context"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/cybersec-infohub/infohub/scanner"
)

// maxSenderNames is how many names below the domain are looked at.
const maxSenderNames = 8

// senderNames looks at names below the domain that have an address, and so
// could be forged as senders like the domain itself: www, which every forger
// guesses, and the mail servers, which the MX records name.
func (s *scan) senderNames(ctx context.Context) []scanner.SenderName {
	names := []string{"www." + s.domain}
	if answer, failure := s.lookup(ctx, s.domain, dns.TypeMX); failure == nil {
		hosts, _ := mxHosts(answer.Records)
		for _, h := range hosts {
			if strings.HasSuffix(h.Name, "."+s.domain) && isHostName(h.Name) && !slices.Contains(names, h.Name) && len(names) < maxSenderNames {
				names = append(names, h.Name)
			}
		}
	}
	slices.Sort(names)
	out := make([]scanner.SenderName, len(names))
	for i, name := range names { // one after the other: there are few, and most are in the resolver's memory
		out[i] = s.senderName(ctx, name)
	}
	return out
}

func (s *scan) senderName(ctx context.Context, name string) scanner.SenderName {
	n := scanner.SenderName{Name: name}
	addrs := s.addresses(ctx, name)
	if addrs.failure != nil {
		n.Failure = addrs.failure
		return n
	}
	if n.Address = scanner.No; len(addrs.list) == 0 {
		return n
	}
	n.Address = scanner.Yes
	texts, failure := s.txt(ctx, name)
	if failure != nil {
		n.Failure = failure
		return n
	}
	if n.SPF = scanner.No; slices.ContainsFunc(texts, isSPF) {
		n.SPF = scanner.Yes
	}
	return n
}

func isSPF(text string) bool {
	records, _ := spfRecords([]string{text})
	return len(records) > 0
}
