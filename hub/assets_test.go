package hub_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cybersec-infohub/infohub/hub"
)

func TestAssets(t *testing.T) {
	f := newFixture(t, nil)
	ctx := t.Context()
	admin := f.as(t, "alpha-admin")
	sbom := []byte(`{"bomFormat":"CycloneDX"}`)
	for i, x := range []struct {
		a    hub.Asset
		code hub.Code
		want string // the domain
	}{
		{hub.Asset{Kind: hub.AssetDomain, Value: " Alpha.Example. "}, "", "alpha.example"},
		{hub.Asset{Kind: hub.AssetDomain, Name: "Again", Value: "alpha.example"}, hub.Conflict, ""},
		{hub.Asset{Kind: hub.AssetDomain, Value: "bücher.example"}, "", "xn--bcher-kva.example"},
		{hub.Asset{Kind: hub.AssetDomain, Value: "localhost"}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetDomain, Value: "192.0.2.1"}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetDomain, Value: "https://alpha.example/"}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetDomain, Value: strings.Repeat("a.", 130) + "example"}, hub.Invalid, ""},
		{hub.Asset{Kind: "host", Value: "alpha.example"}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetInventory, Name: "Servers", MediaType: "application/vnd.cyclonedx+json", Document: sbom}, "", ""},
		{hub.Asset{Kind: hub.AssetInventory, Name: "Servers", MediaType: "text/csv", Document: []byte("a,b")}, hub.Conflict, ""},
		{hub.Asset{Kind: hub.AssetInventory, Name: "Empty", MediaType: "text/csv"}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetInventory, MediaType: "text/csv", Document: []byte("a,b")}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetInventory, Name: "Page", MediaType: "text/html", Document: []byte("<p>")}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetInventory, Name: "Cut", MediaType: "application/json", Document: []byte(`{"a":`)}, hub.Invalid, ""},
		{hub.Asset{Kind: hub.AssetInventory, Name: "Huge", MediaType: "text/csv", Document: make([]byte, hub.MaxInventory+1)}, hub.TooLarge, ""},
		{hub.Asset{Kind: hub.AssetDomain, Organisation: "beta", Value: "beta.example"}, hub.Forbidden, ""},
	} {
		made, err := f.hub.CreateAsset(ctx, admin, x.a)
		if got := hub.CodeOf(err); got != x.code || x.code == "" && (err != nil || made.Value != x.want || made.Organisation != f.org["alpha"].ID) {
			t.Errorf("%d: %+v, %v; want %q, %q", i, made, err, x.code, x.want)
		}
	}
	all, err := f.hub.Assets(ctx, f.as(t, "alpha-member"), "")
	must(t, err)
	if len(all) != 3 || all[0].Name != "Servers" || all[0].Document != nil || all[0].Size != len(sbom) {
		t.Errorf("alpha has %+v", all)
	}
	for _, name := range []string{"beta-admin", "beta", "gov-analyst", "alpha-reader", ""} {
		if _, err := f.hub.Asset(ctx, f.as(t, name), "alpha", "Servers"); err == nil {
			t.Errorf("%q sees alpha's inventory", name)
		}
	}

	// Only who checked says that a domain is an organisation's, and of that domain.
	_, err = f.hub.UpdateAsset(ctx, admin, "", "alpha.example", hub.AssetPatch{Verified: new(true)})
	wantCode(t, err, hub.Forbidden)
	got, err := f.hub.UpdateAsset(ctx, f.as(t, "local"), "alpha", "alpha.example", hub.AssetPatch{Verified: new(true)})
	must(t, err)
	if got.Verified == nil {
		t.Error("not verified")
	}
	got, err = f.hub.UpdateAsset(ctx, admin, "", "alpha.example", hub.AssetPatch{Name: new("Site")})
	must(t, err)
	if got.Verified == nil {
		t.Error("another name: not verified any more")
	}
	got, err = f.hub.UpdateAsset(ctx, admin, "", "Site", hub.AssetPatch{Value: new("other.example")})
	must(t, err)
	if got.Verified != nil || got.Value != "other.example" {
		t.Errorf("another domain: %+v", got)
	}
	got, err = f.hub.UpdateAsset(ctx, admin, "", "Servers", hub.AssetPatch{Name: new("Machines")})
	must(t, err)
	found, err := f.hub.Asset(ctx, f.as(t, "alpha"), "", got.ID)
	must(t, err)
	if !bytes.Equal(found.Document, sbom) {
		t.Errorf("the document is %q", found.Document)
	}
	must(t, f.hub.DeleteAsset(ctx, admin, "", "Machines"))
	_, err = f.hub.Asset(ctx, admin, "", got.ID)
	if text := wantCode(t, err, hub.NotFound); !strings.HasSuffix(text, "there are: Site, xn--bcher-kva.example") {
		t.Errorf("the answer is %q", text)
	}
}
