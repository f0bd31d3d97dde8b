package taxii

import (
	"net/http"

	"github.com/cybersec-infohub/infohub/hub"
)

// discoveryResource is TAXII 2.1, 4.1.1.
type discoveryResource struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Default     string   `json:"default,omitempty"`
	APIRoots    []string `json:"api_roots,omitempty"`
}

// discovery answers /taxii2/ (TAXII 2.1, 4.1).
func (c *call) discovery() error {
	settings, err := c.Hub.Settings(c.r.Context())
	if err != nil {
		return err
	}
	roots, err := c.Hub.Roots(c.r.Context(), &c.caller)
	if err != nil {
		return err
	}
	d := discoveryResource{Title: settings.Title, Description: settings.Description, Contact: c.Contact}
	for _, root := range roots {
		at := Prefix + root.Handle + "/"
		if d.Default == "" || root.Handle == hub.Community {
			d.Default = at
		}
		d.APIRoots = append(d.APIRoots, at)
	}
	return c.answer(http.StatusOK, d)
}

// apiRootResource is TAXII 2.1, 4.2.1.
type apiRootResource struct {
	Title            string   `json:"title"`
	Description      string   `json:"description,omitempty"`
	Versions         []string `json:"versions"`
	MaxContentLength int64    `json:"max_content_length"`
}

// apiRoot answers /taxii2/{group}/ (TAXII 2.1, 4.2).
func (c *call) apiRoot() error {
	root, err := c.Hub.Root(c.r.Context(), &c.caller, c.root)
	if err != nil {
		return c.needsKey(err)
	}
	return c.answer(http.StatusOK, apiRootResource{Title: root.Title, Description: root.Description,
		Versions: []string{mediaType}, MaxContentLength: c.MaxContentLength})
}

// collectionResource is TAXII 2.1, 5.2.1.
type collectionResource struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Alias       string   `json:"alias,omitempty"`
	CanRead     bool     `json:"can_read"`
	CanWrite    bool     `json:"can_write"`
	MediaTypes  []string `json:"media_types"`
}

func newCollection(a *hub.Access) collectionResource {
	return collectionResource{ID: a.ID, Title: a.Title, Description: a.Description, Alias: a.Alias,
		CanRead: a.CanRead, CanWrite: a.CanWrite, MediaTypes: []string{stixType}}
}

// listCollections answers .../collections/ (TAXII 2.1, 5.1).
func (c *call) listCollections() error {
	all, err := c.Hub.Collections(c.r.Context(), &c.caller, c.root)
	if err != nil {
		return c.needsKey(err)
	}
	var list struct {
		Collections []collectionResource `json:"collections,omitempty"`
	}
	for i := range all {
		list.Collections = append(list.Collections, newCollection(&all[i]))
	}
	return c.answer(http.StatusOK, list)
}

// getCollection answers .../collections/{id}/ (TAXII 2.1, 5.2).
func (c *call) getCollection() error {
	a, err := c.access()
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, newCollection(&a))
}

// access is the collection of the path and what the caller may do in it.
func (c *call) access() (hub.Access, error) {
	a, err := c.Hub.Collection(c.r.Context(), &c.caller, c.root, c.collection)
	return a, c.needsKey(err)
}
