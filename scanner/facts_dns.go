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
	// NSNames are the names of all name servers, those that only the zone names
	// too, sorted; nil: facts of a program that did not look.
	NSNames []NSName `json:"ns_names,omitempty"`
	// Primary and Contact are what the SOA records name, the first server's
	// first; nil: as NSNames.
	Primary []PrimaryName `json:"primary,omitempty"`
	Contact []Mailbox     `json:"contact,omitempty"`
	DNSSEC  DNSSEC        `json:"dnssec"`
	// Hosts are the web names of the target (apex, then www) with addresses.
	Hosts []HostAddrs `json:"hosts"`
	// Names are the other usual names of the domain that exist (blog, shop, ...),
	// sorted, with their IPv4 addresses, without those that only the wildcard
	// answers for. It is nil, and not empty, where nobody looked.
	Names []HostAddrs `json:"names"`
	// Wildcard is what a name that nobody made leads to, as "*.example.hk"; nil:
	// nobody looked. Exists is false where the domain has no wildcard.
	Wildcard *HostAddrs `json:"wildcard,omitempty"`
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
	// EDNSFault is what came of a question with EDNS where one without was
	// answered: "silent", an error code, or "ignored" (answered without EDNS).
	EDNSFault string `json:"edns_fault,omitempty"`
	// CaseKept: the question came back spelt as it was put, capitals and all.
	CaseKept Tristate `json:"case_kept,omitempty"`
	// Authoritative is the AA bit of its answer to SOA; Rcode is that answer's
	// code ("NOERROR", "REFUSED", ...).
	Authoritative bool     `json:"authoritative"`
	Rcode         string   `json:"rcode,omitempty"`
	Serial        uint32   `json:"serial"`
	SOA           *SOA     `json:"soa,omitempty"` // nil: none, or facts of a program that did not look
	NS            []string `json:"ns,omitempty"`  // the zone's own NS set, sorted
	// Recursion: it answered a recursive question for a name outside the zone.
	Recursion Tristate `json:"recursion"`
	// Transfer: it handed out the whole zone (AXFR) to a stranger.
	Transfer Tristate `json:"transfer"`
	// Version is what it tells of version.bind or version.server. VersionTold is
	// "" where nobody could ask.
	Version     string   `json:"version,omitempty"`
	VersionTold Tristate `json:"version_told,omitempty"`
	// NoName is its answer about a name that cannot exist, NoType about a record
	// that the zone's apex does not have; nil: not asked.
	NoName *Negative `json:"no_name,omitempty"`
	NoType *Negative `json:"no_type,omitempty"`
	// Child is what it says to the parent about the zone's keys (RFC 7344), in a
	// signed zone; nil: not asked.
	Child *ChildKeys `json:"child,omitempty"`
}

// SOA is the zone's start of authority (RFC 1035 section 3.3.13). Times are in
// seconds.
type SOA struct {
	MName   string `json:"mname"` // the primary server, without trailing dot
	RName   string `json:"rname"` // the contact as it stands there, without trailing dot
	Refresh uint32 `json:"refresh"`
	Retry   uint32 `json:"retry"`
	Expire  uint32 `json:"expire"`
	Minimum uint32 `json:"minimum"`
}

// Negative is an answer that has to say "there is none" (RFC 2308).
type Negative struct {
	Rcode   string   `json:"rcode,omitempty"` // "NXDOMAIN"
	SOA     bool     `json:"soa,omitempty"`   // the SOA record that it needs is there
	Answers int      `json:"answers,omitempty"`
	Failure *Failure `json:"failure,omitempty"` // set: there was no answer
	// Denied: a signed answer says that the name does not exist in the compact
	// form (RFC 9824), whose code is NOERROR.
	Denied bool `json:"denied,omitempty"`
	// Wild: a wildcard has other records for the name, so that NOERROR is right.
	Wild bool `json:"wild,omitempty"`
}

// NSName is the name of a name server.
type NSName struct {
	Name string `json:"name"`
	// Delegated: the delegation has it; otherwise only the zone itself.
	Delegated bool         `json:"delegated"`
	CNAMEs    []string     `json:"cnames,omitempty"`  // it is an alias, against RFC 2181 section 10.3
	Glue      []netip.Addr `json:"glue,omitempty"`    // as the parent gives them; nil also where that is hidden
	Addrs     []netip.Addr `json:"addrs,omitempty"`   // by its own records
	Failure   *Failure     `json:"failure,omitempty"` // its own records could not be asked for, or not all
	// Gone is the domain that it lies in, of the kind that anybody may register,
	// where that does not exist (NXDOMAIN); else "".
	Gone string `json:"gone,omitempty"`
}

// PrimaryName is a server that an SOA record names as the primary one.
type PrimaryName struct {
	Name string `json:"name"`
	// Exists is no for a name that the DNS proves not to exist, below a
	// top-level domain that does: a name in a network of one's own is unknown.
	Exists  Tristate `json:"exists"`
	Failure *Failure `json:"failure,omitempty"`
	// Authoritative is what it says of the zone; "" where it is not asked,
	// refuses strangers, or does not answer: primaries may be hidden.
	Authoritative Tristate `json:"authoritative,omitempty"`
}

// Mailbox is the contact that an SOA record names (RFC 1035 section 8).
type Mailbox struct {
	Address string `json:"address"` // "hostmaster@example.hk", or the name as it is if it is none
	Valid   bool   `json:"valid"`   // it can be a mail address
	// Receives: its domain has a mail server, or an address.
	Receives Tristate `json:"receives,omitempty"`
	Failure  *Failure `json:"failure,omitempty"`
}

// Tristate is yes, no, or "" for a question that got no usable answer.
type Tristate string

// The values of a Tristate.
const (
	Unknown Tristate = ""
	Yes     Tristate = "yes"
	No      Tristate = "no"
)

// HostAddrs is a name with its addresses.
type HostAddrs struct {
	Name    string       `json:"name"`
	CNAMEs  []string     `json:"cnames,omitempty"` // the chain that was followed, in order
	Addrs   []netip.Addr `json:"addrs,omitempty"`  // A, then AAAA, each sorted
	Exists  bool         `json:"exists"`           // false: NXDOMAIN at the name itself
	Failure *Failure     `json:"failure,omitempty"`
	// Dangling is the CNAME target that does not exist (NXDOMAIN), or "".
	Dangling string `json:"dangling,omitempty"`
	// Service is the hosted service that it is led to, where rules/takeover.yaml
	// knows one; nil: none, or nobody looked.
	Service *HostedName `json:"service,omitempty"`
}

// HostedName is a name that leads to a service on which anybody can take a name
// that nobody has claimed.
type HostedName struct {
	Service string `json:"service"`
	Target  string `json:"target"` // the CNAME that leads there
	// Sure: taking it over is known to work; otherwise it depends.
	Sure bool `json:"sure,omitempty"`
	// Unclaimed is yes where Seen, which is the service's own words, an HTTP
	// status or "NXDOMAIN", says so.
	Unclaimed Tristate `json:"unclaimed"`
	Seen      string   `json:"seen,omitempty"`
	Failure   *Failure `json:"failure,omitempty"` // the service could not be asked
}

// CAARecord is one CAA property (RFC 8659).
type CAARecord struct {
	Flag  uint8  `json:"flag"`
	Tag   string `json:"tag"`
	Value string `json:"value"`
}
