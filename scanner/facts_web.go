package scanner

import "net/netip"

// WebFacts is what the site's web servers answered.
type WebFacts struct {
	// Roots are the four starting points that exist: http and https of the
	// apex and of www, in that order. Starts whose name has no address are
	// left out (DNSFacts says so).
	Roots []WebRoot `json:"roots"`
	// CORS is the answer of the main page to a foreign Origin.
	CORS *CORSAnswer `json:"cors,omitempty"`
	// SecurityTxt is /.well-known/security.txt over https (RFC 9116).
	SecurityTxt *SecurityTxt `json:"security_txt,omitempty"`
	// LinkedHosts are the other hosts that the main page loads things from.
	LinkedHosts []LinkedHost `json:"linked_hosts,omitempty"`
	// Technologies are what the main page shows the site to be made with,
	// sorted by id.
	Technologies []Technology `json:"technologies,omitempty"`
	// ErrorPage is the answer to an address of the main page's host that does
	// not exist; nil: it was not asked for.
	ErrorPage *ErrorPage `json:"error_page,omitempty"`
	// IPv6 is how each web name of the target that is in the DNS answers over
	// IPv6, in the order of Target.Hosts; nil: it was not asked for.
	IPv6 []IPv6Host `json:"ipv6,omitempty"`
}

// WebRoot is one start followed to its end, hop by hop.
type WebRoot struct {
	Start string `json:"start"` // "http://example.hk/"
	Hops  []Hop  `json:"hops"`  // in order; the last is the page, or where it broke
	// Failure is set when the chain did not end in an answer of the server's
	// (refused, timed out, blocked, a loop, too many redirects...).
	Failure *Failure `json:"failure,omitempty"`
	// Loop: the chain came back to an address it had already visited, or was
	// longer than MaxHops.
	Loop bool  `json:"loop,omitempty"`
	Page *Page `json:"page,omitempty"` // what the last hop's HTML holds
}

// MaxHops is how many redirects are followed.
const MaxHops = 10

// Hop is one request and the head of its answer.
type Hop struct {
	URL     string     `json:"url"`
	Addr    netip.Addr `json:"addr"`
	Status  int        `json:"status"` // 0: no answer
	Headers []Header   `json:"headers,omitempty"`
	Cookies []Cookie   `json:"cookies,omitempty"`
	Bytes   int64      `json:"bytes"`            // of the body that were read, decoded
	Capped  bool       `json:"capped,omitempty"` // the body was longer than what was read
	// BodyFailure: the body broke off; the head is good, and Page holds what came.
	BodyFailure *Failure `json:"body_failure,omitempty"`
	TLSName     string   `json:"tls_error,omitempty"` // https: the certificate did not verify; the hop was read all the same
}

// Header is one header line as received; names in canonical form.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Get returns the values of the named header (canonical form), in order.
func (h *Hop) Get(name string) []string {
	var out []string
	for _, x := range h.Headers {
		if x.Name == name {
			out = append(out, x.Value)
		}
	}
	return out
}

// Cookie is a Set-Cookie line, without the value: a value can be a secret.
type Cookie struct {
	Name     string `json:"name"`
	Domain   string `json:"domain,omitempty"`
	Path     string `json:"path,omitempty"`
	Secure   bool   `json:"secure"`
	HTTPOnly bool   `json:"http_only"`
	SameSite string `json:"same_site,omitempty"` // "Lax", "Strict", "None", "" absent
	// BadSameSite: there is a SameSite, and browsers do not know its value.
	BadSameSite bool  `json:"bad_same_site,omitempty"`
	MaxAge      int64 `json:"max_age,omitempty"` // seconds; 0: until the browser closes
	// Session: the name or the lifetime says that it keeps somebody signed in.
	Session bool `json:"session"`
	// Inside is the address of a server behind the load balancer, which the
	// value of some load balancers' cookies tells; the zero Addr is none.
	Inside netip.Addr `json:"inside,omitzero"`
}

// Page is what was read out of an HTML body. URLs are absolute.
type Page struct {
	Title     string `json:"title,omitempty"`
	Generator string `json:"generator,omitempty"` // <meta name="generator">
	// MetaCSP are the contents of <meta http-equiv="Content-Security-Policy">.
	MetaCSP      []string   `json:"meta_csp,omitempty"`
	MetaReferrer string     `json:"meta_referrer,omitempty"`
	Scripts      []Resource `json:"scripts,omitempty"`
	// ScriptTags counts the script elements, those without an address too.
	ScriptTags int        `json:"script_tags,omitempty"`
	Styles     []Resource `json:"styles,omitempty"`
	Media      []Resource `json:"media,omitempty"` // img, audio, video, iframe, object
	Forms      []Form     `json:"forms,omitempty"`
	// Token: a hidden field or a meta element holds a secret of this visit,
	// against forged requests. "" where nobody looked.
	Token Tristate `json:"token,omitempty"`
	// Listing: the page is a web server's automatic list of files.
	Listing bool `json:"listing,omitempty"`
	// Default: the page is a server's welcome page that nobody replaced ("nginx", "apache", "iis"...).
	Default string `json:"default,omitempty"`
	// Trace is the kind of program error that the page shows ("php", "python", "java", "dotnet"...), or "".
	Trace string `json:"trace,omitempty"`
}

// Resource is something a page loads.
type Resource struct {
	URL       string `json:"url"`
	Tag       string `json:"tag"` // "script", "link", "img", ...
	Integrity bool   `json:"integrity,omitempty"`
	// Ref is how a script's address is written in the page. An absolute <base>
	// makes every address absolute.
	Ref RefKind `json:"ref,omitempty"`
}

// RefKind is how an address is written.
type RefKind string

// The kinds of reference.
const (
	RefAbsolute       RefKind = ""                // https://cdn.example/a.js
	RefSchemeRelative RefKind = "scheme-relative" // //cdn.example/a.js
	RefRelative       RefKind = "relative"        // /a.js
)

// Form is a form of the page.
type Form struct {
	Action   string `json:"action"`
	Method   string `json:"method"` // "GET" or "POST"
	Password bool   `json:"password,omitempty"`
}

// CORSAnswer is the answer to a request with a foreign Origin.
type CORSAnswer struct {
	URL         string   `json:"url"`
	Origin      string   `json:"origin"`       // what was sent
	AllowOrigin string   `json:"allow_origin"` // what came back
	Credentials bool     `json:"credentials"`
	Failure     *Failure `json:"failure,omitempty"`
}

// SecurityTxt is the file of RFC 9116.
type SecurityTxt struct {
	URL     string   `json:"url"`
	Status  int      `json:"status"`
	Found   bool     `json:"found"` // 200, text/plain, and it has at least one field of RFC 9116
	Contact []string `json:"contact,omitempty"`
	Expires []string `json:"expires,omitempty"` // as written
	// Canonical are the addresses that the file says it is at (section 2.5.2);
	// From is where it was read in the end, URL but for redirects.
	Canonical []string `json:"canonical,omitempty"`
	From      string   `json:"from,omitempty"`
	Signed    bool     `json:"signed,omitempty"`
	// Signature is the shape of the OpenPGP signature around a file that begins
	// as a signed one; nil: it does not. It is not verified.
	Signature *Signature `json:"signature,omitempty"`
	Failure   *Failure   `json:"failure,omitempty"`
}

// Signature is how whole an OpenPGP cleartext signature is (RFC 9580 section 7).
type Signature struct {
	Fault string `json:"fault,omitempty"` // "no END line"; "": whole
}

// ErrorPage is how the site answers for an address that does not exist.
type ErrorPage struct {
	URL     string   `json:"url"`
	Status  int      `json:"status"` // 0: no answer
	Headers []Header `json:"headers,omitempty"`
	Page    *Page    `json:"page,omitempty"` // as in WebRoot; kinds and generator alone
	Failure *Failure `json:"failure,omitempty"`
}

// IPv6Host is one web name over IPv6.
type IPv6Host struct {
	Name  string       `json:"name"`
	Addrs []netip.Addr `json:"addrs,omitempty"` // its AAAA records, sorted
	// Lookup says why Addrs could not be learned.
	Lookup *Failure `json:"lookup,omitempty"`
	// Answer is what the start of that name gave over IPv6; nil where there are
	// no addresses, or where nothing answered over IPv4 to compare it with.
	Answer *IPv6Answer `json:"answer,omitempty"`
}

// IPv6Answer is one request over IPv6, redirects not followed. The start of
// the same URL in WebFacts.Roots is the one over IPv4.
type IPv6Answer struct {
	URL      string     `json:"url"`
	Addr     netip.Addr `json:"addr"` // reached, or tried first
	Status   int        `json:"status"`
	Location string     `json:"location,omitempty"` // absolute
	Title    string     `json:"title,omitempty"`
	TLSName  string     `json:"tls_error,omitempty"` // as in Hop
	Failure  *Failure   `json:"failure,omitempty"`
}

// LinkedHost is another host that the page loads from.
type LinkedHost struct {
	Name    string   `json:"name"`
	Kinds   []string `json:"kinds"`  // "script", "style", "media", sorted
	Exists  bool     `json:"exists"` // false: NXDOMAIN
	Failure *Failure `json:"failure,omitempty"`
	// TLS is a handshake with it; nil: it was not tried (a host of pictures
	// alone, one that does not exist, or one beyond the first 20).
	TLS *LinkedTLS `json:"tls,omitempty"`
}

// LinkedTLS is one TLS handshake as a browser makes it: TLS 1.2 or later, the
// certificate verified.
type LinkedTLS struct {
	Port    uint16   `json:"port"`
	Error   string   `json:"error,omitempty"`   // what is wrong with the certificate; "" nothing
	Failure *Failure `json:"failure,omitempty"` // there was no handshake
}

// Main returns the root whose page stands for the site: the first that ended
// in an answer with a status below 400, https first, apex before www; nil when
// there is none.
func (w *WebFacts) Main() *WebRoot {
	for _, scheme := range []string{"https://", "http://"} {
		for i := range w.Roots {
			r := &w.Roots[i]
			if len(r.Start) > len(scheme) && r.Start[:len(scheme)] == scheme && r.Failure == nil && r.Last() != nil && r.Last().Status < 400 {
				return r
			}
		}
	}
	return nil
}

// Last returns the last hop that got an answer, or nil.
func (r *WebRoot) Last() *Hop {
	for i := len(r.Hops) - 1; i >= 0; i-- {
		if r.Hops[i].Status != 0 {
			return &r.Hops[i]
		}
	}
	return nil
}
