package provider

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

func TestSign(t *testing.T) {
	key, err := NewKey("GovCERT example", "cert@hub.example", today)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewKey("Somebody without an address", "", today)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(key.Public().Fingerprint) {
		t.Errorf("fingerprint %q", key.Public().Fingerprint)
	}
	kept, err := key.Private()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadKey(kept)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := read.Public().Fingerprint, key.Public().Fingerprint; got != want {
		t.Errorf("read again: fingerprint %s, not %s", got, want)
	}
	public, err := ReadPublicKey(key.Public().Armored)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(public.Armored, []byte("PRIVATE")) {
		t.Error("the public key has the private one in it")
	}

	text := []byte("{\"document\": {}}\n")
	signature, err := read.Sign(text, today.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		document  []byte
		signature []byte
		at        time.Time
		keys      []PublicKey
		good      bool
	}{
		{"the document", text, signature, today.AddDate(5, 0, 0), []PublicKey{public}, true},
		{"one of two keys", text, signature, today.AddDate(0, 0, 1), []PublicKey{other.Public(), public}, true},
		{"another document", []byte("{}"), signature, today.AddDate(0, 0, 1), []PublicKey{public}, false},
		{"line ends changed", []byte("{\"document\": {}}\r\n"), signature, today.AddDate(0, 0, 1), []PublicKey{public}, false},
		{"another key", text, signature, today.AddDate(0, 0, 1), []PublicKey{other.Public()}, false},
		{"no key", text, signature, today.AddDate(0, 0, 1), nil, false},
		{"before it was made", text, signature, today.AddDate(0, 0, -1), []PublicKey{public}, false},
		{"no signature", text, nil, today.AddDate(0, 0, 1), []PublicKey{public}, false},
		{"something else", text, []byte("hello"), today.AddDate(0, 0, 1), []PublicKey{public}, false},
	} {
		if err := Verify(c.document, c.signature, c.at, c.keys...); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}

	for name, armored := range map[string][]byte{"a public key": public.Armored, "nothing": nil, "a signature": signature} {
		if _, err := ReadKey(armored); err == nil {
			t.Errorf("%s was read as a private key", name)
		}
	}
}
