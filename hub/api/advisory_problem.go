package api

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub"
)

// maxProblems is how many of lint's problems an answer lists.
const maxProblems = 200

// advisoryProblem is an error of the advisories as it may be told: what lint found,
// and both texts of a conflict, are in errors.
func (s *server) advisoryProblem(e *advisories.Error) error {
	var details []error
	for i, p := range e.Problems {
		if i == maxProblems {
			details = append(details, &huma.ErrorDetail{Message: fmt.Sprintf("and %d more", len(e.Problems)-i)})
			break
		}
		details = append(details, &huma.ErrorDetail{Message: p.Message + ": " + p.Remedy, Location: p.Path, Value: p})
	}
	if e.Yours != "" || e.Theirs != "" {
		details = append(details, &huma.ErrorDetail{Message: "your text", Location: "yours", Value: e.Yours}, &huma.ErrorDetail{Message: "the text that is there now", Location: "theirs", Value: e.Theirs})
	}
	return huma.NewError(status(hub.Code(e.Code)), e.Message, details...)
}
