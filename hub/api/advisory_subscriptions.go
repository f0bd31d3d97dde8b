package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/internal/notify"
)

func (s *server) advisorySubscriptions() {
	tags := []string{"Exposures"}
	op(s, huma.Operation{
		OperationID: "advisory-subscriptions", Method: http.MethodGet, Path: "/advisory-subscriptions", Tags: tags, Summary: "List one's subscriptions to advisories",
		Description: "The caller's own, and for an organisation's administrators those of the organisation.",
	}, func(ctx context.Context, _ *none) (*body[apiclient.List[apiclient.AdvisorySubscription]], error) {
		all, err := s.Exposures.Subscriptions(ctx, AdvisoryCaller(caller(ctx)))
		out := apiclient.List[apiclient.AdvisorySubscription]{Items: []apiclient.AdvisorySubscription{}}
		for i := range all {
			out.Items = append(out.Items, toAdvisorySubscription(&all[i]))
		}
		return &body[apiclient.List[apiclient.AdvisorySubscription]]{out}, err
	})
	op(s, huma.Operation{
		OperationID: "subscribe-advisories", Method: http.MethodPost, Path: "/advisory-subscriptions", Tags: tags, Summary: "Subscribe to advisories", DefaultStatus: http.StatusCreated,
		Description: "By mail to one's own address; for an organisation's administrators also to its contact, and to a webhook. What is sent is what its owner may read when it is sent.",
	}, func(ctx context.Context, in *body[apiclient.NewAdvisorySubscription]) (*body[apiclient.AdvisorySubscription], error) {
		b := in.Body
		sub, err := s.Exposures.Subscribe(ctx, AdvisoryCaller(caller(ctx)), advisories.Subscription{
			Channel: notify.Channel(b.Channel), To: b.To, Lang: i18n.Lang(b.Lang), Every: advisories.Every(b.Every),
			Product: b.Product, Sector: b.Sector, Risk: advisories.Risk(b.Risk), Own: b.Own,
		})
		if err != nil {
			return nil, err
		}
		out := toAdvisorySubscription(&sub)
		if sub.Channel == notify.ByWebhook && s.WebhookSecret != nil {
			out.Secret = s.WebhookSecret(sub.ID)
		}
		return &body[apiclient.AdvisorySubscription]{out}, nil
	})
	op(s, huma.Operation{
		OperationID: "unsubscribe-advisories", Method: http.MethodDelete, Path: "/advisory-subscriptions/{id}", Tags: tags, Summary: "End a subscription",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100"`
	}) (*none, error) {
		return &none{}, s.Exposures.Unsubscribe(ctx, AdvisoryCaller(caller(ctx)), in.ID)
	})
}

func toAdvisorySubscription(sub *advisories.Subscription) apiclient.AdvisorySubscription {
	return apiclient.AdvisorySubscription{
		ID: sub.ID, Channel: string(sub.Channel), To: sub.To, Lang: string(sub.Lang), Every: string(sub.Every), Product: sub.Product, Sector: sub.Sector,
		Risk: string(sub.Risk), Own: sub.Own, Created: sub.Created, Due: sub.Due,
	}
}
