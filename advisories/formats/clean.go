package formats

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// Bounds of what is shown, in bytes. What lint accepts is below them; they are
// for what was imported. Cut text ends in "…".
const (
	maxText = 64 << 10 // one text of several paragraphs
	maxLine = 1000     // one value in a line
	maxURL  = 2048
	maxName = 300  // a product's name
	maxList = 1000 // entries of one list or table; how many more there are is said
	// maxThose bounds one list of products that a vulnerability or a remedy names,
	// and maxAllThose all of them in a document: each may name every product.
	maxThose    = 100
	maxAllThose = 10_000
)

// cleanText makes a text of several lines safe to show. Line ends become "\n",
// tabs spaces; control characters and those that turn the direction of text
// become "?", those that nobody sees vanish. cut tells that it was too long.
func cleanText(s string) (text string, cut bool) {
	if len(s) > maxText {
		s, cut = cutAt(s, maxText), true
	}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ", "\u2028", "\n", "\u2029", "\n\n", "\u0085", "\n").Replace(strings.ToValidUTF8(s, "?"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\u00ad', r >= '\u200b' && r <= '\u200d', r >= '\u2060' && r <= '\u2064', r == '\ufeff',
			r >= '\ufff9' && r <= '\ufffb', r >= 0xe0000 && r <= 0xe0fff:
			return -1
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r >= '\u206a' && r <= '\u206f', r&0xfffe == 0xfffe, r == utf8.RuneError:
			return '?'
		}
		return r
	}, s)
	return s, cut
}

// cutAt returns at most limit bytes of s, and no half of a character.
func cutAt(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// clean makes a value safe to show in one line.
func clean(s string) string { return cleanTo(s, maxLine) }

func cleanTo(s string, limit int) string {
	whole := len(s)
	s = cutAt(s, 4*limit) // enough to clean, and not all of a huge one
	s, cut := cleanText(s)
	cut = cut || whole > 4*limit
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s, cut = cutAt(s, limit), true
	}
	if cut {
		s += "…"
	}
	return s
}

// webURL returns an address that may be linked to, "" for any other: http or
// https, a host, and no user name, behind which another host could hide.
func webURL(s string) string {
	if len(s) > maxURL || s != clean(s) || strings.ContainsAny(s, " <>\"\\^`{|}") {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return s
}

// linkURL is webURL, and also a path of the host that a page comes from.
func linkURL(s string) string {
	if strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, "\\ \t\r\n") && s == clean(s) {
		return s
	}
	return webURL(s)
}

// defang writes an address so that nobody opens it by a click: hxxps, [.] and
// [@].
func defang(s string) string {
	if len(s) >= 4 && strings.EqualFold(s[:4], "http") {
		s = "hxxp" + s[4:]
	}
	if addr, err := netip.ParseAddr(s); err == nil && addr.Is6() {
		return strings.ReplaceAll(s, ":", "[:]")
	}
	return strings.NewReplacer(".", "[.]", "@", "[@]", "://", "[://]").Replace(s)
}

// day writes a date. One without a time of day is that day everywhere.
func day(t time.Time, o Options) string {
	if t.IsZero() {
		return ""
	}
	if t = t.UTC(); !t.Equal(t.Truncate(24*time.Hour)) && o.Zone != nil {
		t = t.In(o.Zone)
	}
	if o.words().Lang == i18n.English {
		return t.Format("2 January 2006")
	}
	return t.Format("2006年1月2日")
}

// moment writes a time with its zone, which is never left to be guessed.
func moment(t time.Time, o Options) string {
	if t.IsZero() {
		return ""
	}
	if t = t.UTC(); o.Zone != nil {
		t = t.In(o.Zone)
	}
	layout, name := "2 January 2006, 15:04", " UTC"
	if o.words().Lang != i18n.English {
		layout = "2006年1月2日 15:04"
	}
	if _, offset := t.Zone(); offset != 0 {
		name += t.Format("-07:00")
	}
	return t.Format(layout) + name
}

// label is the TLP label that a reader sees. What is no label is as strict as
// TLP:RED (tlp.Unknown).
func label(m tlp.Marking) tlp.Marking {
	for _, known := range tlp.Labels() {
		if m == known {
			return m
		}
	}
	return tlp.Red
}
