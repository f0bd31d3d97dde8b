package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// maxWait is how long a request for changes may wait for one.
const maxWait = 55 * time.Second

type changesInput struct {
	Cursor     string `query:"cursor" maxLength:"500" doc:"Of the page before; absent: from the beginning; now: from here on."`
	Collection string `query:"collection" maxLength:"100" doc:"Id, or alias in the group community, or GROUP/ALIAS; absent: all that the caller may read."`
	Limit      int    `query:"limit" minimum:"0" maximum:"1000" doc:"At most so many; 0 or absent: 100."`
	Wait       int    `query:"wait" minimum:"0" maximum:"55" doc:"Seconds to wait where there is nothing new yet."`
}

// SubscriptionPath names a subscription.
type SubscriptionPath struct {
	Name string `path:"name" maxLength:"60"`
}

func (s *server) changes() {
	op(s, huma.Operation{
		OperationID: "changes", Method: http.MethodGet, Path: "/changes", Tags: []string{"Changes"}, Security: open(),
		Summary:     "What was added, deleted and expired",
		Description: "In the order in which it happened, as far as the caller may read it. Keep next and ask again with it: nothing is missed. 409: the cursor is older than what the hub remembers of deleted objects; begin again without one.",
		Errors:      []int{http.StatusConflict},
	}, func(ctx context.Context, in *changesInput) (*body[apiclient.Changes], error) {
		c := caller(ctx)
		collection := ""
		if in.Collection != "" {
			col, err := s.Hub.Collection(ctx, c, "", in.Collection)
			if err != nil {
				return nil, err
			}
			collection = col.ID
		}
		until := time.Now().Add(min(time.Duration(in.Wait)*time.Second, maxWait))
		cursor := in.Cursor
		for {
			page, err := s.Hub.Changes(ctx, c, cursor, collection, in.Limit)
			if err != nil {
				return nil, err
			}
			if left := time.Until(until); len(page.Changes) == 0 && !page.More && left > 0 {
				wait, cancel := context.WithTimeout(ctx, left)
				err := s.Hub.Wait(wait, page.Next)
				cancel()
				now, shut := s.Hub.Renew(context.WithoutCancel(ctx), c)
				if shut != nil {
					return nil, shut
				}
				c = &now
				if cursor = page.Next; err == nil {
					continue
				}
			}
			return &body[apiclient.Changes]{changePage(page)}, nil
		}
	})
	op(s, huma.Operation{
		OperationID: "list-subscriptions", Method: http.MethodGet, Path: "/subscriptions", Tags: []string{"Changes"}, Summary: "List your subscriptions",
	}, func(ctx context.Context, _ *none) (*body[apiclient.List[apiclient.Subscription]], error) {
		got, err := s.Hub.Subscriptions(ctx, caller(ctx))
		out := apiclient.List[apiclient.Subscription]{Items: []apiclient.Subscription{}}
		for _, sub := range got {
			out.Items = append(out.Items, subscription(sub))
		}
		return &body[apiclient.List[apiclient.Subscription]]{out}, err
	})
	op(s, huma.Operation{
		OperationID: "subscribe", Method: http.MethodPost, Path: "/subscriptions", Tags: []string{"Changes"}, Summary: "Subscribe to changes",
		Description: "The hub keeps how far you have read.", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *body[apiclient.NewSubscription]) (*body[apiclient.Subscription], error) {
		got, err := s.Hub.Subscribe(ctx, caller(ctx), in.Body.Name, in.Body.Collection, in.Body.From == "start")
		return &body[apiclient.Subscription]{subscription(got)}, err
	})
	op(s, huma.Operation{
		OperationID: "subscription-changes", Method: http.MethodGet, Path: "/subscriptions/{name}/changes", Tags: []string{"Changes"},
		Summary: "What is new in a subscription", Description: "The same until it is acknowledged.", Errors: []int{http.StatusConflict},
	}, func(ctx context.Context, in *struct {
		SubscriptionPath
		Limit int `query:"limit" minimum:"0" maximum:"1000"`
	}) (*body[apiclient.Changes], error) {
		page, err := s.Hub.ChangesFor(ctx, caller(ctx), in.Name, in.Limit)
		return &body[apiclient.Changes]{changePage(page)}, err
	})
	op(s, huma.Operation{
		OperationID: "acknowledge", Method: http.MethodPost, Path: "/subscriptions/{name}/ack", Tags: []string{"Changes"}, Summary: "Say how far you have read",
	}, func(ctx context.Context, in *struct {
		SubscriptionPath
		Body struct {
			Cursor string `json:"cursor" maxLength:"500" doc:"next of the page that you have dealt with."`
		}
	}) (*none, error) {
		return &none{}, s.Hub.Acknowledge(ctx, caller(ctx), in.Name, in.Body.Cursor)
	})
	op(s, huma.Operation{
		OperationID: "unsubscribe", Method: http.MethodDelete, Path: "/subscriptions/{name}", Tags: []string{"Changes"}, Summary: "End a subscription",
	}, func(ctx context.Context, in *SubscriptionPath) (*none, error) {
		return &none{}, s.Hub.Unsubscribe(ctx, caller(ctx), in.Name)
	})
}

func changePage(page hub.ChangePage) apiclient.Changes {
	out := apiclient.Changes{Items: []apiclient.Change{}, Next: page.Next, More: page.More}
	for _, c := range page.Changes {
		out.Items = append(out.Items, apiclient.Change{Kind: string(c.Kind), Time: c.Time, Collection: c.Collection, ID: c.ID, Version: c.Version, Object: c.Object})
	}
	return out
}

func subscription(sub hub.Subscription) apiclient.Subscription {
	return apiclient.Subscription{Name: sub.Name, Collection: sub.Collection, Created: sub.Created}
}
