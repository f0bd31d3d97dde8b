package tlp

// maxReferences bounds how many references MayWhole follows for one object, with
// those of what it refers to. MITRE's collection of all of ATT&CK for Mobile 17.1
// takes 12,130.
const maxReferences = 1 << 18

// Version is one version of an object, as far as the policy needs it.
type Version struct {
	Audience Audience
	// References are the ids that it refers to, those of embedded relationships
	// (created_by_ref) and of marking definitions included.
	References []string
}

// MayWhole reports whether the reader may read an object that refers to others.
// held returns the versions of an object that the hub holds, nil where it holds
// none. It must answer from one snapshot of the store.
//
// A reference is hidden if the hub holds the object and this reader may see no
// version of it; what refers to it would tell of it and is withheld whole, and so
// on: what refers to a withheld object is withheld. A reference to what the hub
// does not hold hides nothing. Objects that refer to each other are read together
// if nothing else hides one. An object is withheld too where following its
// references would take more than maxReferences.
func MayWhole(r Reader, object Version, held func(id string) []Version) bool {
	if !May(r, object.Audience) {
		return false
	}
	w := walk{reader: r, held: held, nodes: map[string]*node{}}
	root := &candidate{references: object.References}
	w.open = []*candidate{root}
	followed := 0
	for len(w.open) > 0 && !root.hidden {
		c := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if followed += len(c.references); followed > maxReferences {
			return false
		}
		for _, id := range c.references {
			n := w.node(id)
			switch {
			case n == nil:
			case n.seen == 0:
				hide(c)
			default:
				n.referrers = append(n.referrers, c)
			}
		}
	}
	return !root.hidden
}

// walk takes every readable version for seen until one of its references turns
// out to be hidden.
type walk struct {
	reader Reader
	held   func(id string) []Version
	nodes  map[string]*node // by id; nil for what the hub does not hold
	open   []*candidate     // versions whose references are still to follow
}

// node is an object that is referred to.
type node struct {
	seen      int // versions of it that the reader sees, as far as is known
	referrers []*candidate
}

// candidate is a version whose audience the reader is in.
type candidate struct {
	of         *node // nil for the object that was asked for
	references []string
	hidden     bool
}

func (w *walk) node(id string) *node {
	if n, known := w.nodes[id]; known {
		return n
	}
	var n *node
	if versions := w.held(id); len(versions) > 0 {
		n = &node{}
		for _, v := range versions {
			if May(w.reader, v.Audience) {
				n.seen++
				w.open = append(w.open, &candidate{of: n, references: v.References})
			}
		}
	}
	w.nodes[id] = n
	return n
}

// hide hides a version, and with the last one of an object all that refer to it.
func hide(c *candidate) {
	for todo := []*candidate{c}; len(todo) > 0; {
		c, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if c.hidden {
			continue
		}
		c.hidden = true
		if c.of == nil {
			continue
		}
		if c.of.seen--; c.of.seen == 0 {
			todo = append(todo, c.of.referrers...)
			c.of.referrers = nil
		}
	}
}
