package scanner

import "net/netip"

// DNSFacts is what the domain's name service says: the delegation as the
// parent sees it, every authoritative server asked directly, the DNSSEC chain
// and the records that other families need.
type DNSFacts struct {
	// Failure is set when the delegation could not be found out; then
	// ParentNS and Servers are empty and say nothing about the domain.
	Failure *Failure `json:"failure,omitempty"`
	// Exists is false when the name itself does not exist (NXDOMAIN proven by
	// an authoritative answer, or by the resolver that was asked). A domain
	// whose web ports are led elsewhere (--connect-to) counts as existing.
	Exists bool   `json:"exists"`
	Zone   string `json:"zone"` // the zone that holds the target, "example.hk"
	// ParentNS is the delegation: the NS names that the parent zone (or, in
	// resolver mode, the resolver) gives, sorted, without trailing dots.
	ParentNS []string `json:"parent_ns"`
	// ParentKnown is false where a resolver hides the parent's own view: then
	// parent and child cannot be compared.
	ParentKnown bool         `json:"parent_known"`
	Servers     []NameServer `json:"servers"` // every authoritative server at every address
	// UnresolvedNS are names of the delegation that have no address at all.
	UnresolvedNS []string `json:"unresolved_ns,omitempty"`
	DNSSEC       DNSSEC   `json:"dnssec"`
	// Hosts are the web names of the target (apex, then www) with addresses.
	Hosts []HostAddrs `json:"hosts"`
	// CAA is the CAA record set in force (RFC 8659 tree climbing), nil: none.
	CAA        []CAARecord `json:"caa,omitempty"`
	CAAAt      string      `json:"caa_at,omitempty"` // the name it was found at
	CAAFailure *Failure    `json:"caa_failure,omitempty"`
}

// NameServer is one authoritative server at one address.
type NameServer struct {
	Name    string     `json:"name"`
	Addr    netip.Addr `json:"addr"`
	Failure *Failure   `json:"failure,omitempty"` // set: it gave no answer over UDP or TCP
	// UDP and TCP say whether it answered over each; TCPFailure says how TCP failed.
	UDP        bool     `json:"udp"`
	TCP        bool     `json:"tcp"`
	UDPFailure *Failure `json:"udp_failure,omitempty"`
	TCPFailure *Failure `json:"tcp_failure,omitempty"`
	EDNS       bool     `json:"edns"`
	// Authoritative is the AA bit of its answer to SOA; Rcode is that answer's
	// code ("NOERROR", "REFUSED", ...).
	Authoritative bool     `json:"authoritative"`
	Rcode         string   `json:"rcode,omitempty"`
	Serial        uint32   `json:"serial"`
	NS            []string `json:"ns,omitempty"` // the zone's own NS set, sorted
	// Recursion: it answered a recursive question for a name outside the zone.
	Recursion Tristate `json:"recursion"`
	// Transfer: it handed out the whole zone (AXFR) to a stranger.
	Transfer Tristate `json:"transfer"`
	Version  string   `json:"version,omitempty"` // version.bind, where it tells
}

// Tristate is yes, no, or "" for a question that got no usable answer.
type Tristate string

// The values of a Tristate.
const (
	Unknown Tristate = ""
	Yes     Tristate = "yes"
	No      Tristate = "no"
)

// DNSSEC is the verdict of our own validation (RFC 4035 section 4.3).
type DNSSEC struct {
	Status DNSSECStatus `json:"status"`
	// Reason is a technical sentence in English for the evidence, such as
	// "RRSIG of example.hk DNSKEY by 12345 expired 2026-01-02".
	Reason  string       `json:"reason,omitempty"`
	Failure *Failure     `json:"failure,omitempty"` // set when Status is indeterminate
	Links   []DNSSECLink `json:"links,omitempty"`   // from the trust anchor down
}

// DNSSECStatus is a security status of RFC 4033 section 5.
type DNSSECStatus string

// The four states.
const (
	Secure        DNSSECStatus = "secure"
	Insecure      DNSSECStatus = "insecure"
	Bogus         DNSSECStatus = "bogus"
	Indeterminate DNSSECStatus = "indeterminate"
)

// DNSSECLink is one zone of the chain.
type DNSSECLink struct {
	Zone       string       `json:"zone"`
	Status     DNSSECStatus `json:"status"`
	Algorithms []string     `json:"algorithms,omitempty"` // of its DNSKEYs, "ECDSAP256SHA256"
	KeyTags    []uint16     `json:"key_tags,omitempty"`
}

// HostAddrs is a name with its addresses.
type HostAddrs struct {
	Name    string       `json:"name"`
	CNAMEs  []string     `json:"cnames,omitempty"` // the chain that was followed, in order
	Addrs   []netip.Addr `json:"addrs,omitempty"`  // A, then AAAA, each sorted
	Exists  bool         `json:"exists"`           // false: NXDOMAIN at the name itself
	Failure *Failure     `json:"failure,omitempty"`
	// Dangling is the CNAME target that does not exist (NXDOMAIN), or "".
	Dangling string `json:"dangling,omitempty"`
}

// CAARecord is one CAA property (RFC 8659).
type CAARecord struct {
	Flag  uint8  `json:"flag"`
	Tag   string `json:"tag"`
	Value string `json:"value"`
}
