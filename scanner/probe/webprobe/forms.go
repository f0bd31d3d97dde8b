package webprobe

import (
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

func (r *pageReader) startForm(a attrs) {
	r.inForm = true
	r.form = scanner.Form{Action: r.self, Method: "GET"}
	if strings.EqualFold(strings.TrimSpace(a["method"]), "post") {
		r.form.Method = "POST"
	}
	if action := strings.TrimSpace(a["action"]); action != "" {
		r.form.Action = r.formAction(action)
	}
}

// formAction is absolute; of an action that is no web address ("javascript:",
// "mailto:") only the scheme is kept.
func (r *pageReader) formAction(action string) string {
	if u, err := resolveURL(r.base, action); err == nil {
		return cut(u.String(), maxLink)
	}
	scheme, _, _ := strings.Cut(action, ":")
	return scanner.Printable(scheme, 20) + ":"
}

func (r *pageReader) keepForm() {
	r.inForm = false
	if len(r.page.Forms) < maxForms {
		r.page.Forms = append(r.page.Forms, r.form)
	}
}

// endForm ends a form that the page left open, and gives password fields
// outside forms, which scripts send, a form of their own.
func (r *pageReader) endForm() {
	if r.inForm {
		r.keepForm()
	}
	if r.naked {
		r.page.Forms = append(r.page.Forms, scanner.Form{Action: r.self, Method: "GET", Password: true})
	}
}

// isToken tells by its name whether a field holds a secret against forged
// requests.
func isToken(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"csrf", "xsrf", "requestverification", "authenticity_token", "_token", "wpnonce", "formkey", "form_key"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
