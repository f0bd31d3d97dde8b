package pdf_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/scanner/report/pdf"
)

// needs skips, or fails where nothing may be left out.
func needs(t *testing.T, program, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("not run: install %s", pkg)
		}
		t.Skipf("not run: install %s", pkg)
	}
}

// TestPrint prints with the real browser and reads the pages back: text in
// three languages is there, what was folded too, and nothing was fetched.
func TestPrint(t *testing.T) {
	needs(t, "chromium", "chromium")
	needs(t, "pdftotext", "poppler-utils")
	b, err := pdf.Find("chromium")
	if err != nil {
		t.Fatal(err)
	}
	const page = `<!doctype html><meta charset="utf-8"><title>x</title><p>One shop</p><p lang="zh-Hant-HK">網站檢查</p><p lang="zh-Hans-CN">网站检查</p>
<details open><summary>s</summary><p>unfolded</p></details><img src="http://example.hk/x.png" alt="">`
	var out bytes.Buffer
	if err := b.Print(t.Context(), &out, []byte(page)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "out.pdf")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"One shop", "網站檢查", "网站检查", "unfolded"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the PDF: %s", want, text)
		}
	}
}

func TestPrintSaysWhatIsWrong(t *testing.T) {
	if _, err := pdf.Find(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "is no program") {
		t.Errorf("a path without a program: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if b, err := pdf.Find(""); err == nil && !filepath.IsAbs(b.Path) || err != nil && !errors.Is(err, pdf.ErrNoBrowser) {
		t.Errorf("no browser on the PATH: %v, %v", b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := pdf.Browser{Path: "/bin/sleep"}
	if err := stopped.Print(ctx, &bytes.Buffer{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped print: %v", err)
	}
	broken := pdf.Browser{Path: "/bin/false"}
	if err := broken.Print(t.Context(), &bytes.Buffer{}, nil); err == nil || !strings.Contains(err.Error(), "printed nothing") {
		t.Errorf("a browser that does nothing: %v", err)
	}
}
