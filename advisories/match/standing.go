package match

// standing is where a component's version lies to the versions of a product.
type standing struct {
	product *product
	place   int32
	where   where
	reason  string // of inside and unclear
	version string // that was compared
	text    string // the versions of a stretch, for people
	rank    versionsKind
}

type where uint8

const (
	outside where = iota
	inside
	unclear
	elsewhere // of another release of the distribution: it says nothing
)

func stand(c *component, p *product, place int32) standing {
	s := standing{product: p, place: place, version: c.version, rank: p.versions.kind}
	ours := c.id.purl.packaged() && p.identity.purl.packaged() // then they are the same package
	switch {
	case ours && c.id.purl.path != p.identity.purl.path && c.id.purl.sourceVersion != "":
		s.version = c.id.purl.sourceVersion
	case !ours && c.distribution != "":
		s.version = c.upstream
	}
	otherRelease := ours && !sameRelease(c.id.purl.distro, p.identity.purl.distro)
	if otherRelease && knownRelease(c.id.purl.distro) && knownRelease(p.identity.purl.distro) {
		s.where = elsewhere
		return s
	}
	s.where, s.reason = inside, reasonAll
	switch p.versions.kind {
	case allVersions:
	default:
		s.compare()
	}
	if s.where == outside {
		return s
	}
	switch {
	case s.where == unclear:
	case otherRelease, !ours && p.identity.purl.packaged():
		s.where, s.reason = unclear, reasonRelease
	case p.on != "":
		s.where, s.reason = unclear, reasonOn
	case !ours && c.distribution != "":
		s.reason = reasonBackport
	}
	return s
}

func (s *standing) compare() {
	if s.version == "" {
		s.where, s.reason = unclear, reasonUnknown
		return
	}
	switch in, known := s.product.versions.contain(s.version); {
	case !known: // what is unreadable among them
		s.where, s.reason = unclear, reasonIncomparable
	case !in:
		s.where = outside
	case s.rank == single:
		s.where, s.reason = inside, reasonListed
	default:
		s.where, s.reason = inside, reasonInRange
	}
}

// said is the versions, for people.
func (s *standing) said() string {
	if s.text != "" {
		return s.text
	}
	return s.product.versions.text
}

// sameRelease reports whether a package of a distribution's release is what an
// advisory about wanted is about; "" is about all.
func sameRelease(has, wanted string) bool { return wanted == "" || has == wanted }
