package advisories

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// Rating is what a CVSS vector comes to.
type Rating struct {
	Version string  `json:"version"` // "2.0", "3.0", "3.1" or "4.0"
	Score   float64 `json:"score"`   // 0 to 10, one decimal: the base score; of 4.0 that of all metrics given
	// Severity is NONE, LOW, MEDIUM, HIGH or CRITICAL, as CVSS's JSON schemas write
	// it. CVSS 2.0 has no severities: those are NVD's (LOW below 4, MEDIUM below 7,
	// else HIGH).
	Severity string `json:"severity"`
}

// severities are the words of Rating.Severity, the worst last.
func severities() []string { return []string{"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"} }

// maxVector is how long a CVSS vector may be; one of 4.0 with every metric has
// 200 characters.
const maxVector = 300

// ParseScore reads a CVSS vector of version 2.0 (without a prefix), 3.0, 3.1 or
// 4.0 ("CVSS:4.0/...") and works its rating out. The metrics of 2.0 and 4.0 come
// in the order of their standard; no metric comes twice.
func ParseScore(vector string) (Rating, error) {
	if len(vector) > maxVector {
		return Rating{}, fmt.Errorf("CVSS vector: longer than %d characters", maxVector)
	}
	rating, err := parseScore(vector)
	if err != nil {
		return Rating{}, fmt.Errorf("CVSS vector: %w", err)
	}
	return rating, nil
}

func parseScore(vector string) (Rating, error) {
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err != nil {
			return Rating{}, err
		}
		return rate("4.0", v.Score())
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return Rating{}, err
		}
		return rate("3.1", v.BaseScore())
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return Rating{}, err
		}
		return rate("3.0", v.BaseScore())
	case strings.HasPrefix(vector, "AV:"):
		v, err := gocvss20.ParseVector(vector)
		if err != nil {
			return Rating{}, err
		}
		return rate("2.0", v.BaseScore())
	}
	return Rating{}, errors.New(`it begins with "CVSS:4.0/", "CVSS:3.1/", "CVSS:3.0/" or, of version 2.0, with "AV:"`)
}

// rate finds the word for a score: by the scale that 3.0, 3.1 and 4.0 share, or
// by NVD's for 2.0.
func rate(version string, score float64) (Rating, error) {
	if version == "2.0" {
		severity := "LOW"
		switch {
		case score >= 7:
			severity = "HIGH"
		case score >= 4:
			severity = "MEDIUM"
		}
		return Rating{Version: version, Score: score, Severity: severity}, nil
	}
	severity, err := gocvss40.Rating(score)
	return Rating{Version: version, Score: score, Severity: severity}, err
}

// Severity is the worst rating of the advisory's vulnerabilities: by severity,
// then by score, then by the newer version of CVSS. It is the zero Rating where
// no vector can be read.
func (a *Advisory) Severity() Rating {
	var worst Rating
	for i := range a.Vulnerabilities {
		if r := a.Vulnerabilities[i].Severity(); r.worse(worst) {
			worst = r
		}
	}
	return worst
}

// Severity is the worst rating of the vulnerability, in the order of
// Advisory.Severity.
func (v *Vulnerability) Severity() Rating {
	var worst Rating
	for _, s := range v.CVSS {
		if r, err := ParseScore(s.Vector); err == nil && r.worse(worst) {
			worst = r
		}
	}
	return worst
}

func (r Rating) worse(than Rating) bool {
	return cmp.Or(
		cmp.Compare(slices.Index(severities(), r.Severity), slices.Index(severities(), than.Severity)),
		cmp.Compare(r.Score, than.Score),
		cmp.Compare(r.Version, than.Version),
	) > 0
}
