package formats

import (
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// The marks between texts are full-width in Chinese, and no space stands beside
// them.

// keyed is a machine's word as it stands in the key of a text.
func keyed(word string) string { return strings.ReplaceAll(word, "_", "-") }

// iso is a time for machines; "" for none.
func iso(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// colon stands between a name and its value.
func colon(w *i18n.Words) string {
	if w.Lang == i18n.English {
		return ": "
	}
	return "："
}

// dash stands between a machine's word and what it means.
func dash(w *i18n.Words) string {
	if w.Lang == i18n.English {
		return " – "
	}
	return "——"
}

// gap stands between two sentences.
func gap(w *i18n.Words) string {
	if w.Lang == i18n.English {
		return " "
	}
	return ""
}

// stop ends a sentence.
func stop(w *i18n.Words) string {
	if w.Lang == i18n.English {
		return "."
	}
	return "。"
}

// semicolon parts what has commas of its own.
func semicolon(w *i18n.Words) string {
	if w.Lang == i18n.English {
		return "; "
	}
	return "；"
}

// bracketed adds an aside to what stands before it.
func bracketed(w *i18n.Words, text string) string {
	if w.Lang == i18n.English {
		return " (" + text + ")"
	}
	return "（" + text + "）"
}
