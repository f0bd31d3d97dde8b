package csaf

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
)

// metric is one of the metrics of CVSS, as FIRST's JSON schemas have it.
type metric struct {
	short  string      // in a vector: "AV"
	member string      // of the object: "attackVector"
	base   bool        // required in a vector
	values [][2]string // in a vector and in the member: {"N", "NETWORK"}
}

// notDefined is what a metric has that a vector leaves out, in the object.
const notDefined = "NOT_DEFINED"

var metrics2 = sync.OnceValue(func() []metric {
	cia := [][2]string{{"N", "NONE"}, {"P", "PARTIAL"}, {"C", "COMPLETE"}}
	requirement := [][2]string{{"L", "LOW"}, {"M", "MEDIUM"}, {"H", "HIGH"}, {"ND", notDefined}}
	return []metric{
		{"AV", "accessVector", true, [][2]string{{"L", "LOCAL"}, {"A", "ADJACENT_NETWORK"}, {"N", "NETWORK"}}},
		{"AC", "accessComplexity", true, [][2]string{{"H", "HIGH"}, {"M", "MEDIUM"}, {"L", "LOW"}}},
		{"Au", "authentication", true, [][2]string{{"M", "MULTIPLE"}, {"S", "SINGLE"}, {"N", "NONE"}}},
		{"C", "confidentialityImpact", true, cia},
		{"I", "integrityImpact", true, cia},
		{"A", "availabilityImpact", true, cia},
		{"E", "exploitability", false, [][2]string{{"U", "UNPROVEN"}, {"POC", "PROOF_OF_CONCEPT"}, {"F", "FUNCTIONAL"}, {"H", "HIGH"}, {"ND", notDefined}}},
		{"RL", "remediationLevel", false, [][2]string{{"OF", "OFFICIAL_FIX"}, {"TF", "TEMPORARY_FIX"}, {"W", "WORKAROUND"}, {"U", "UNAVAILABLE"}, {"ND", notDefined}}},
		{"RC", "reportConfidence", false, [][2]string{{"UC", "UNCONFIRMED"}, {"UR", "UNCORROBORATED"}, {"C", "CONFIRMED"}, {"ND", notDefined}}},
		{"CDP", "collateralDamagePotential", false, [][2]string{{"N", "NONE"}, {"L", "LOW"}, {"LM", "LOW_MEDIUM"}, {"MH", "MEDIUM_HIGH"}, {"H", "HIGH"}, {"ND", notDefined}}},
		{"TD", "targetDistribution", false, [][2]string{{"N", "NONE"}, {"L", "LOW"}, {"M", "MEDIUM"}, {"H", "HIGH"}, {"ND", notDefined}}},
		{"CR", "confidentialityRequirement", false, requirement},
		{"IR", "integrityRequirement", false, requirement},
		{"AR", "availabilityRequirement", false, requirement},
	}
})

var metrics3 = sync.OnceValue(func() []metric {
	with := func(values [][2]string) [][2]string {
		return append(values[:len(values):len(values)], [2]string{"X", notDefined})
	}
	vector := [][2]string{{"N", "NETWORK"}, {"A", "ADJACENT_NETWORK"}, {"L", "LOCAL"}, {"P", "PHYSICAL"}}
	complexity := [][2]string{{"L", "LOW"}, {"H", "HIGH"}}
	level := [][2]string{{"N", "NONE"}, {"L", "LOW"}, {"H", "HIGH"}}
	interaction := [][2]string{{"N", "NONE"}, {"R", "REQUIRED"}}
	scope := [][2]string{{"U", "UNCHANGED"}, {"C", "CHANGED"}}
	requirement := [][2]string{{"L", "LOW"}, {"M", "MEDIUM"}, {"H", "HIGH"}, {"X", notDefined}}
	return []metric{
		{"AV", "attackVector", true, vector},
		{"AC", "attackComplexity", true, complexity},
		{"PR", "privilegesRequired", true, level},
		{"UI", "userInteraction", true, interaction},
		{"S", "scope", true, scope},
		{"C", "confidentialityImpact", true, level},
		{"I", "integrityImpact", true, level},
		{"A", "availabilityImpact", true, level},
		{"E", "exploitCodeMaturity", false, [][2]string{{"U", "UNPROVEN"}, {"P", "PROOF_OF_CONCEPT"}, {"F", "FUNCTIONAL"}, {"H", "HIGH"}, {"X", notDefined}}},
		{"RL", "remediationLevel", false, [][2]string{{"O", "OFFICIAL_FIX"}, {"T", "TEMPORARY_FIX"}, {"W", "WORKAROUND"}, {"U", "UNAVAILABLE"}, {"X", notDefined}}},
		{"RC", "reportConfidence", false, [][2]string{{"U", "UNKNOWN"}, {"R", "REASONABLE"}, {"C", "CONFIRMED"}, {"X", notDefined}}},
		{"CR", "confidentialityRequirement", false, requirement},
		{"IR", "integrityRequirement", false, requirement},
		{"AR", "availabilityRequirement", false, requirement},
		{"MAV", "modifiedAttackVector", false, with(vector)},
		{"MAC", "modifiedAttackComplexity", false, with(complexity)},
		{"MPR", "modifiedPrivilegesRequired", false, with(level)},
		{"MUI", "modifiedUserInteraction", false, with(interaction)},
		{"MS", "modifiedScope", false, with(scope)},
		{"MC", "modifiedConfidentialityImpact", false, with(level)},
		{"MI", "modifiedIntegrityImpact", false, with(level)},
		{"MA", "modifiedAvailabilityImpact", false, with(level)},
	}
})

// other returns what stands beside one form of a value in another, "" for none:
// from is 0 for the form of vectors and 1 for that of members.
func (m *metric) other(from int, value string) string {
	for _, pair := range m.values {
		if pair[from] == value {
			return pair[1-from]
		}
	}
	return ""
}

// scoring is a CVSS object of either kind, as the tests see it.
type scoring struct {
	version string
	vector  string
	prefix  string // of the vector
	metrics []metric
	members map[string]string // the texts of the object that are there
	// The numbers, and the severities that go with them in CVSS 3.
	scores [3]scored
}

// scored is one number of a CVSS object; nil: it is not there.
type scored struct {
	member   string
	value    *float64
	severity string // name of the member, "" where the version has none
	said     string
}

func (c *CVSS2) scoring() scoring {
	return scoring{
		version: c.Version, vector: c.VectorString, metrics: metrics2(), members: texts(*c),
		scores: [3]scored{
			{member: "baseScore", value: c.BaseScore},
			{member: "temporalScore", value: c.TemporalScore},
			{member: "environmentalScore", value: c.EnvironmentalScore},
		},
	}
}

func (c *CVSS3) scoring() scoring {
	return scoring{
		version: c.Version, vector: c.VectorString, prefix: "CVSS:" + c.Version + "/", metrics: metrics3(), members: texts(*c),
		scores: [3]scored{
			{"baseScore", c.BaseScore, "baseSeverity", c.BaseSeverity},
			{"temporalScore", c.TemporalScore, "temporalSeverity", c.TemporalSeverity},
			{"environmentalScore", c.EnvironmentalScore, "environmentalSeverity", c.EnvironmentalSeverity},
		},
	}
}

// texts returns the members of a struct that are texts and not empty.
func texts(object any) map[string]string {
	v := reflect.ValueOf(object)
	members := map[string]string{}
	for i := range v.NumField() {
		if s := v.Field(i); s.Kind() == reflect.String && s.Len() > 0 {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			members[name] = s.String()
		}
	}
	return members
}

// errVector says that a vector is not one of its version.
var errVector = errors.New("not a vector of this version")

// metricsOf reads the vector: values by the short names of metrics, in any order,
// each once at most. Base metrics may be missing: the schema lets them.
func (s *scoring) metricsOf() (map[string]string, error) {
	rest, ok := strings.CutPrefix(s.vector, s.prefix)
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin with %s", errVector, s.prefix)
	}
	values := map[string]string{}
	for part := range strings.SplitSeq(rest, "/") {
		short, value, _ := strings.Cut(part, ":")
		i := 0
		for i < len(s.metrics) && s.metrics[i].short != short {
			i++
		}
		if i == len(s.metrics) || s.metrics[i].other(0, value) == "" {
			return nil, fmt.Errorf("%w: it has no %s", errVector, quote(part))
		}
		if _, ok := values[short]; ok {
			return nil, fmt.Errorf("%w: %s is there twice", errVector, short)
		}
		values[short] = value
	}
	return values, nil
}

// compute returns the base, temporal and environmental score of a vector.
func (s *scoring) compute(values map[string]string) ([3]float64, error) {
	var parts []string
	for i := range s.metrics {
		m := &s.metrics[i]
		value, ok := values[m.short]
		if !ok && m.base {
			return [3]float64{}, fmt.Errorf("the vector has no %s", m.short)
		}
		if !ok {
			value = m.other(1, notDefined)
		}
		parts = append(parts, m.short+":"+value)
	}
	vector := s.prefix + strings.Join(parts, "/")
	switch s.version {
	case "2.0":
		v, err := gocvss20.ParseVector(vector)
		if err != nil {
			return [3]float64{}, err
		}
		return [3]float64{v.BaseScore(), v.TemporalScore(), v.EnvironmentalScore()}, nil
	case "3.0":
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return [3]float64{}, err
		}
		return [3]float64{v.BaseScore(), v.TemporalScore(), v.EnvironmentalScore()}, nil
	default:
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return [3]float64{}, err
		}
		return [3]float64{v.BaseScore(), v.TemporalScore(), v.EnvironmentalScore()}, nil
	}
}
