package csaf

import (
	"encoding/json"
	"slices"

	gocvss31 "github.com/pandatix/go-cvss/31"

	"github.com/cybersec-infohub/infohub/advisories"
)

// scoresOf are the scores that CSAF 2.0 has a place for, and notes of the others:
// those of CVSS 4.0, those of no product, and second ones of one version for one
// product (6.1.7). defaults are the products of a score that names none. What is
// no vector is left out.
func scoresOf(list []advisories.Score, defaults []string) (scores []Score, notes []Note) {
	scored := map[string]bool{}
	for _, s := range list {
		rating, err := advisories.ParseScore(s.Vector)
		if err != nil {
			continue
		}
		products := s.Products
		if len(products) == 0 {
			products = defaults
		}
		products = unique(products)
		again := slices.ContainsFunc(products, func(id string) bool { return scored[rating.Version+" "+id] })
		score := Score{Products: products}
		switch rating.Version {
		case "2.0":
			score.CVSSv2 = cvss2(s.Vector)
		case "3.0", "3.1":
			score.CVSSv3 = cvss3(rating.Version, s.Vector)
		}
		if score.CVSSv2 == nil && score.CVSSv3 == nil || len(products) == 0 || again {
			fields := []field{{"Vector", s.Vector}, {"Score", decimal(rating.Score)}, {"Severity", rating.Severity}}
			notes = append(notes, Note{
				Category: "other", Title: titleScore + " " + rating.Version,
				Text: writeRecord(append(fields, repeat("Product", s.Products)...), ""),
			})
			continue
		}
		for _, id := range products {
			scored[rating.Version+" "+id] = true
		}
		scores = append(scores, score)
	}
	return scores, notes
}

// cvss2 is a vector with all that follows from it, nil where none does.
func cvss2(vector string) *CVSS2 {
	c := &CVSS2{Version: "2.0", VectorString: vector}
	if err := complete(c.scoring(), c); err != nil {
		return nil
	}
	return c
}

// cvss3 is the same for a vector of "3.0" or "3.1".
func cvss3(version, vector string) *CVSS3 {
	c := &CVSS3{Version: version, VectorString: vector}
	if err := complete(c.scoring(), c); err != nil {
		return nil
	}
	return c
}

// complete sets the members of object, s's CVSS2 or CVSS3, that follow from the
// vector: the metrics that it has, the base score, and the temporal and
// environmental ones where it has metrics of theirs.
func complete(s scoring, object any) error {
	values, err := s.metricsOf()
	if err != nil {
		return err
	}
	numbers, err := s.compute(values)
	if err != nil {
		return err
	}
	members := map[string]any{}
	wanted := [3]bool{true, false, false}
	for i := range s.metrics {
		m := &s.metrics[i]
		value, ok := values[m.short]
		if !ok {
			continue
		}
		members[m.member] = m.other(0, value)
		switch m.short {
		case "E", "RL", "RC":
			wanted[1] = true
		default:
			wanted[2] = wanted[2] || !m.base
		}
	}
	for i, score := range s.scores {
		if !wanted[i] {
			continue
		}
		members[score.member] = numbers[i]
		if score.severity != "" {
			if members[score.severity], err = gocvss31.Rating(numbers[i]); err != nil { // 3.0 has the same scale
				return err
			}
		}
	}
	data, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, object)
}
