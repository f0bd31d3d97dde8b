package formats_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestColoursCanBeRead holds text and its background at the contrast of WCAG 2.2
// AA (1.4.3: 4.5 to 1), in light, in dark and on paper.
func TestColoursCanBeRead(t *testing.T) {
	data, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	css := string(data)
	light := variables(css[:strings.Index(css, "@media")])
	themes := map[string]map[string]string{"light": light}
	for name, start := range map[string]string{"dark": "@media (prefers-color-scheme: dark)", "print": "@media print"} {
		theme := map[string]string{}
		for k, v := range light {
			theme[k] = v
		}
		at := strings.Index(css, start)
		if at < 0 {
			t.Fatalf("no %s", start)
		}
		block := css[at:]
		for k, v := range variables(block[:strings.Index(block, "\n  }\n")]) {
			theme[k] = v
		}
		themes[name] = theme
	}
	pairs := [][2]string{
		{"text", "page"}, {"text", "panel"}, {"text", "notice"}, {"text", "stop"}, {"quiet", "page"}, {"quiet", "notice"},
		{"link", "page"}, {"link", "notice"}, {"link", "stop"}, {"focus-text", "focus"}, {"on", "alert"}, {"on", "threat"},
		{"tlp-clear", "label"}, {"tlp-green", "label"}, {"tlp-amber", "label"}, {"tlp-red", "label"},
	}
	for name, theme := range themes {
		for _, p := range pairs {
			if theme[p[0]] == "" || theme[p[1]] == "" {
				t.Errorf("%s: no colour for %s on %s", name, p[0], p[1])
			} else if c := contrast(t, theme[p[0]], theme[p[1]]); c < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, p[0], p[1], c)
			}
		}
	}
}

func variables(css string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// contrast is that of WCAG 2.2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
