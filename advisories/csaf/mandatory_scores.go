package csaf

import (
	"fmt"
	"math"
	"slices"
	"strings"

	gocvss31 "github.com/pandatix/go-cvss/31"
)

// multipleScores is 6.1.7: of each version of CVSS a product has one score.
func multipleScores(r *run) {
	for i := range r.Vulnerabilities {
		first := map[[2]string]int{} // of product and version
		for j := range r.Vulnerabilities[i].Scores {
			score := &r.Vulnerabilities[i].Scores[j]
			var versions []string
			if score.CVSSv2 != nil && score.CVSSv2.Version != "" {
				versions = append(versions, score.CVSSv2.Version)
			}
			if score.CVSSv3 != nil && score.CVSSv3.Version != "" && !slices.Contains(versions, score.CVSSv3.Version) {
				versions = append(versions, score.CVSSv3.Version)
			}
			for k, product := range score.Products {
				for _, version := range versions {
					key := [2]string{product, version}
					if before, ok := first[key]; !ok {
						first[key] = j
					} else if before != j {
						r.fail(vulnerabilityPath(i, fmt.Sprintf("scores[%d].products[%d]", j, k)), "keep one score of each version for a product",
							"the product %s already has a CVSS %s score, scores[%d]", quote(product), quote(version), before)
					}
				}
			}
		}
	}
}

// eachScoring visits every CVSS object.
func (r *run) eachScoring(visit func(path string, s *scoring)) {
	for i := range r.Vulnerabilities {
		for j := range r.Vulnerabilities[i].Scores {
			score := &r.Vulnerabilities[i].Scores[j]
			if score.CVSSv2 != nil {
				s := score.CVSSv2.scoring()
				visit(vulnerabilityPath(i, fmt.Sprintf("scores[%d].cvss_v2", j)), &s)
			}
			if score.CVSSv3 != nil {
				s := score.CVSSv3.scoring()
				visit(vulnerabilityPath(i, fmt.Sprintf("scores[%d].cvss_v3", j)), &s)
			}
		}
	}
}

// invalidCVSS is 6.1.8: the object fits FIRST's JSON schema of its version.
func invalidCVSS(r *run) {
	severities := []string{"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"}
	r.eachScoring(func(path string, s *scoring) {
		versions := []string{"2.0"}
		if s.prefix != "" {
			versions = []string{"3.0", "3.1"}
		}
		if !slices.Contains(versions, s.version) {
			r.fail(path+".version", "use "+strings.Join(versions, " or "), "%s is not a version that belongs here", quote(s.version))
			return
		}
		if _, err := s.metricsOf(); err != nil {
			r.fail(path+".vectorString", "write the vector as FIRST's calculator gives it", "%s is wrong: %s", quote(s.vector), err)
		}
		for i, score := range s.scores {
			switch required := i == 0; {
			case score.value == nil && required:
				r.fail(path+"."+score.member, "add the score of the vector", "%s is missing", score.member)
			case score.value != nil && (*score.value < 0 || *score.value > 10):
				r.fail(path+"."+score.member, "use the score of the vector", "%v is not from 0 to 10", *score.value)
			}
			switch required := i == 0; {
			case score.severity == "":
			case score.said == "" && required:
				r.fail(path+"."+score.severity, "add the severity: "+strings.Join(severities, ", "), "%s is missing", score.severity)
			case score.said != "" && !slices.Contains(severities, score.said):
				r.fail(path+"."+score.severity, "use one of "+strings.Join(severities, ", "), "%s is not a severity", quote(score.said))
			}
		}
		for i := range s.metrics {
			m := &s.metrics[i]
			if said := s.members[m.member]; said != "" && m.other(1, said) == "" {
				var may []string
				for _, pair := range m.values {
					may = append(may, pair[1])
				}
				r.fail(path+"."+m.member, "use one of "+strings.Join(may, ", "), "%s is not a value of %s", quote(said), m.member)
			}
		}
	})
}

// computedCVSS is 6.1.9: scores and severities follow from the vector. Before 3.1
// CVSS did not say how to round numbers such as 4.35, and calculators differ: of
// 2.0 and 3.0 a temporal or environmental score may be 0.1 off.
func computedCVSS(r *run) {
	r.eachScoring(func(path string, s *scoring) {
		values, err := s.metricsOf()
		if err != nil {
			return // 6.1.8 says so
		}
		computed, err := s.compute(values)
		if err != nil {
			r.fail(path+".vectorString", "write the vector with all base metrics", "the score of %s cannot be computed: %s", quote(s.vector), err)
			return
		}
		for i, score := range s.scores {
			allowed := 1e-6
			if i > 0 && s.version != "3.1" {
				allowed += 0.1
			}
			right := computed[i]
			if score.value != nil && math.Abs(*score.value-right) <= allowed {
				right = *score.value
			} else if score.value != nil {
				r.fail(path+"."+score.member, fmt.Sprintf("use %.1f, or correct the vector", right), "%s is %v, and the vector gives %.1f", score.member, *score.value, right)
			}
			if severity, err := gocvss31.Rating(right); err == nil && score.said != "" && score.said != severity {
				r.fail(path+"."+score.severity, "use "+severity+", or correct the vector", "%s is %s, and the vector gives %s", score.severity, quote(score.said), severity)
			}
		}
	})
}

// inconsistentCVSS is 6.1.10: no member contradicts the vector. Of a metric that
// the vector leaves out a member may say more: documents that OASIS calls valid
// give environmental metrics so.
func inconsistentCVSS(r *run) {
	r.eachScoring(func(path string, s *scoring) {
		values, err := s.metricsOf()
		if err != nil {
			return // 6.1.8 says so
		}
		for i := range s.metrics {
			m := &s.metrics[i]
			value, ok := values[m.short]
			said, want := s.members[m.member], m.other(0, value)
			if ok && said != "" && said != want {
				r.fail(path+"."+m.member, "use "+want+", leave it out, or correct the vector", "%s is %s, and the vector says %s", m.member, quote(said), want)
			}
		}
	})
}
