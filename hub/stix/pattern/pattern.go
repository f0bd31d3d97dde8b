// Package pattern reads the pattern language of STIX 2.1 (section 9): what an
// indicator of pattern_type "stix" holds. Parse makes a tree of a pattern,
// String prints it in one canonical form, and Atoms reduces it to the values
// that it names, for look-up. Patterns are not evaluated here.
//
// It is a leaf: any package, and any other program, may import it; it imports
// none of this module.
package pattern

// Bounds of what Parse accepts.
const (
	// MaxLength is how many bytes a pattern may have, as written and in its
	// canonical form. A list of a few thousand hashes fits.
	MaxLength = 256 << 10
	// MaxDepth is how many parentheses may be open at once.
	MaxDepth = 64
)

// Pattern is a whole pattern (STIX 2.1, 9.4). It keeps what is said and not how:
// white space, comments, parentheses without effect and the ways to write one
// operator or number leave no trace. Two patterns of one canonical form are
// reflect.DeepEqual.
type Pattern struct {
	Root Observation
}

// Observation is an observation expression (9.5): *Bracket, *Joined or *Qualified.
type Observation interface{ observation() }

// Bracket is a comparison in square brackets, to be met by one observation.
type Bracket struct {
	Test Comparison
}

// Joined is two or more observation expressions with one operator between them
// (9.5.2). None of Terms is itself a Joined with the same operator.
type Joined struct {
	By    Connective
	Terms []Observation
}

// Qualified is an observation expression with its qualifiers (9.5.1), in the
// order written, each kind once.
type Qualified struct {
	Of         Observation
	Qualifiers []Qualifier
}

func (*Bracket) observation()   {}
func (*Joined) observation()    {}
func (*Qualified) observation() {}

// Connective joins expressions. And binds more tightly than Or, and Or more than
// FollowedBy, which is for observations only.
type Connective string

// The connectives of 9.5.2 and 9.6.
const (
	And        Connective = "AND"
	Or         Connective = "OR"
	FollowedBy Connective = "FOLLOWEDBY"
)

// Qualifier limits when or how often an observation expression must be met (9.5.1).
type Qualifier struct {
	Kind        QualifierKind
	Start, Stop Literal // of StartStop: timestamps
	Amount      Literal // seconds of Within (a number above 0), times of Repeats (an integer above 0)
}

// QualifierKind is the keyword that a qualifier begins with.
type QualifierKind string

// The qualifiers of 9.5.1.
const (
	StartStop QualifierKind = "START"
	Within    QualifierKind = "WITHIN"
	Repeats   QualifierKind = "REPEATS"
)

// Comparison is a comparison expression (9.6): *Test or *Logic.
type Comparison interface{ comparison() }

// Logic is two or more comparisons joined by And or Or. None of Terms is itself
// a Logic with the same operator.
type Logic struct {
	By    Connective
	Terms []Comparison
}

// Test is one comparison of what a path leads to.
type Test struct {
	Path   Path
	Not    bool
	Op     Operator
	Values []Literal // any number for In, none for Exists, otherwise one
}

func (*Logic) comparison() {}
func (*Test) comparison()  {}

// Operator is a comparison operator (9.6.1), as it is printed.
type Operator string

// The comparison operators of 9.6.1. "==" and "<>" are read as Equal and NotEqual.
const (
	Equal          Operator = "="
	NotEqual       Operator = "!="
	Less           Operator = "<"
	LessOrEqual    Operator = "<="
	Greater        Operator = ">"
	GreaterOrEqual Operator = ">="
	In             Operator = "IN"
	Like           Operator = "LIKE"
	Matches        Operator = "MATCHES" // the regular expression is PCRE and is not checked here
	IsSubset       Operator = "ISSUBSET"
	IsSuperset     Operator = "ISSUPERSET"
	Exists         Operator = "EXISTS"
)

// Path is an object path (9.7): a type of object and the way to one property.
type Path struct {
	Type  string // such as "ipv4-addr"
	Steps []Step // at least one; the first is a Key
}

// Step is one part of a path.
type Step struct {
	Kind  StepKind
	Key   string // of a Key, without quotes
	Index int64  // of an Index
}

// StepKind tells the steps of a path apart.
type StepKind int

// The steps of 9.7: a property or a dictionary's key, one element of a list, any
// element of a list.
const (
	Key StepKind = iota
	Index
	AnyIndex
)

// Literal is a constant (9.2). Text holds, by kind: the characters of a String
// without quotes and escapes; the digits of an Integer (64 bit) or a Float (64
// bit, always with a point); "true" or "false"; the base64 of a Binary; the lower
// case digits of a Hex; a Timestamp as written, which ends in Z.
type Literal struct {
	Kind LiteralKind
	Text string
}

// LiteralKind is the type of a constant.
type LiteralKind int

// The types of constant of 9.2.
const (
	String LiteralKind = iota + 1
	Integer
	Float
	Boolean
	Binary
	Hex
	Timestamp
)
