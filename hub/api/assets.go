package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// maxAssetBody is how many bytes an asset may have: JSON makes a document longer.
const maxAssetBody = 10 << 20

// AssetPath names an asset.
type AssetPath struct {
	Asset        string `path:"asset" maxLength:"300" doc:"Id, name or domain."`
	Organisation string `query:"organisation" maxLength:"100" doc:"Id or handle; absent: the caller's own."`
}

func (s *server) assets() {
	tags := []string{"Assets"}
	op(s, huma.Operation{
		OperationID: "list-assets", Method: http.MethodGet, Path: "/assets", Tags: tags, Summary: "List the domains and inventories of an organisation",
	}, func(ctx context.Context, in *struct {
		Organisation string `query:"organisation" maxLength:"100" doc:"Id or handle; absent: the caller's own."`
	}) (*body[apiclient.List[apiclient.Asset]], error) {
		c := caller(ctx)
		all, err := s.Hub.Assets(ctx, c, in.Organisation)
		if err != nil {
			return nil, err
		}
		n, err := s.names(ctx, c)
		out := apiclient.List[apiclient.Asset]{Items: []apiclient.Asset{}}
		for _, a := range all {
			out.Items = append(out.Items, n.toAsset(a))
		}
		return &body[apiclient.List[apiclient.Asset]]{out}, err
	})
	op(s, huma.Operation{OperationID: "get-asset", Method: http.MethodGet, Path: "/assets/{asset}", Tags: tags, Summary: "Get an asset"},
		func(ctx context.Context, in *AssetPath) (*body[apiclient.Asset], error) {
			a, err := s.Hub.Asset(ctx, caller(ctx), in.Organisation, in.Asset)
			return s.asset(ctx, a, err)
		})
	op(s, huma.Operation{
		OperationID: "create-asset", Method: http.MethodPost, Path: "/assets", Tags: tags, Summary: "Add a domain or an inventory", DefaultStatus: http.StatusCreated, MaxBodyBytes: maxAssetBody,
	}, func(ctx context.Context, in *body[apiclient.AssetEdit]) (*body[apiclient.Asset], error) {
		e := in.Body
		a, err := s.Hub.CreateAsset(ctx, caller(ctx), hub.Asset{
			Organisation: value(e.Organisation), Kind: hub.AssetKind(value(e.Kind)), Name: value(e.Name), Value: value(e.Domain),
			MediaType: value(e.MediaType), Document: []byte(value(e.Document)),
		})
		return s.asset(ctx, a, err)
	})
	op(s, huma.Operation{
		OperationID: "change-asset", Method: http.MethodPatch, Path: "/assets/{asset}", Tags: tags, Summary: "Change an asset", MaxBodyBytes: maxAssetBody,
	}, func(ctx context.Context, in *struct {
		AssetPath
		Body apiclient.AssetEdit
	}) (*body[apiclient.Asset], error) {
		e := in.Body
		if e.Organisation != nil || e.Kind != nil {
			return nil, fixed("organisation or kind")
		}
		patch := hub.AssetPatch{Name: e.Name, Value: e.Domain, MediaType: e.MediaType, Verified: e.Verified}
		if e.Document != nil {
			document := []byte(*e.Document)
			patch.Document = &document
		}
		a, err := s.Hub.UpdateAsset(ctx, caller(ctx), in.AssetPath.Organisation, in.Asset, patch)
		return s.asset(ctx, a, err)
	})
	op(s, huma.Operation{OperationID: "delete-asset", Method: http.MethodDelete, Path: "/assets/{asset}", Tags: tags, Summary: "Delete an asset"},
		func(ctx context.Context, in *AssetPath) (*none, error) {
			return &none{}, s.Hub.DeleteAsset(ctx, caller(ctx), in.Organisation, in.Asset)
		})
}

func (s *server) asset(ctx context.Context, a hub.Asset, err error) (*body[apiclient.Asset], error) {
	if err != nil {
		return nil, err
	}
	n, err := s.names(ctx, caller(ctx))
	return &body[apiclient.Asset]{n.toAsset(a)}, err
}

func (n *names) toAsset(a hub.Asset) apiclient.Asset {
	return apiclient.Asset{
		ID: a.ID, Organisation: n.organisation(a.Organisation), Kind: string(a.Kind), Name: a.Name, Domain: a.Value, MediaType: a.MediaType,
		Size: a.Size, Document: string(a.Document), Created: a.Created, Verified: a.Verified,
	}
}
