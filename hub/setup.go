package hub

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

// linkLife is how long the token of a setup link opens.
const linkLife = 24 * time.Hour

// settings is the record of the hub itself.
type settings struct {
	Settings
	Operator    string `json:"operator"`    // id of the organisation that runs it
	Collections uint32 `json:"collections"` // the last Collection.Number given; never given again
}

// Settings are what a hub says of itself, to strangers too (TAXII 2.1, 4.1).
type Settings struct {
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
}

// setupLink is the record of the one link that may set the hub up.
type setupLink struct {
	Hash    []byte    `json:"hash"`
	Expires time.Time `json:"expires"`
}

// SetupRequest is what a new hub is made of.
type SetupRequest struct {
	Title, Description string
	Operator           Organisation // Handle, Name, Sector and Contact count
	Name, Email        string       // of the first hub administrator
	// Link makes nothing yet but a token, with which FinishSetup is called once
	// within 24 hours. It replaces the token before. The other fields do not count.
	Link bool
	// From and Request are for the audit log, as in Caller.
	From, Request string
}

// SetupResult is what was made.
type SetupResult struct {
	Operator Organisation
	Person   Person
	Key      Key
	Token    string    // of the key, or of the link; shown this once
	Expires  time.Time // of the link
}

func errNotSetUp() error {
	return fail(Conflict, "this hub is not set up yet; `infohub setup` does it")
}

func errIsSetUp() error { return fail(Conflict, "this hub is set up already") }

// IsSetUp reports whether the hub has an operator.
func (s *Service) IsSetUp(ctx context.Context) (bool, error) {
	var is bool
	err := s.read(ctx, func(r store.Reader) (err error) {
		is, err = exists(r, metaKey)
		return err
	})
	return is, err
}

// Setup makes the operator's organisation, the first hub administrator with a
// key, the group "community" and its first two collections, "public" and
// "indicators". It asks for no right: only whoever may use the data directory is
// to reach it. The error is Invalid, or Conflict where the hub is set up.
func (s *Service) Setup(ctx context.Context, q SetupRequest) (SetupResult, error) {
	by := &Caller{Kind: CallerLocal, From: cut(q.From, 256), Request: cut(q.Request, 256)}
	if q.Link {
		return s.setupLink(ctx, by)
	}
	return s.setUp(ctx, by, q, nil)
}

func (s *Service) setupLink(ctx context.Context, by *Caller) (SetupResult, error) {
	secret, hash := newSecret()
	link := setupLink{Hash: hash, Expires: s.time().Add(linkLife)}
	err := s.change(ctx, by, "setup.link", func(tx store.Tx, e *audit.Entry) error {
		if err := free(tx, metaKey, errIsSetUp()); err != nil {
			return err
		}
		e.Detail = map[string]string{"expires": link.Expires.Format(time.RFC3339)}
		return putRecord(tx, setupKey, link)
	})
	if err != nil {
		return SetupResult{}, err
	}
	return SetupResult{Token: secret, Expires: link.Expires}, nil
}

// FinishSetup is Setup by whoever has the token of a link. The token opens once.
// The error is Unauthenticated where it is not the one, or too old.
func (s *Service) FinishSetup(ctx context.Context, token string, q SetupRequest) (SetupResult, error) {
	by := &Caller{From: cut(q.From, 256), Request: cut(q.Request, 256)}
	hash, now := hashSecret(token), s.time()
	return s.setUp(ctx, by, q, func(r store.Reader) error {
		link, err := getRecord[setupLink](r, setupKey)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || subtle.ConstantTimeCompare(link.Hash, hash) != 1 || !now.Before(link.Expires) {
			return fail(Unauthenticated, "this link is not valid: it was used, replaced or is older than a day; `infohub setup --link` makes another")
		}
		return nil
	})
}

// setUp is idempotent for its own run: the operator's id tells whether it was it
// that has set the hub up.
func (s *Service) setUp(ctx context.Context, by *Caller, q SetupRequest, allowed func(store.Reader) error) (SetupResult, error) {
	now := s.time()
	operator := Organisation{
		ID: newID(organisationType), Handle: q.Operator.Handle, Name: q.Operator.Name, Sector: q.Operator.Sector,
		Contact: q.Operator.Contact, Status: StatusActive, Operator: true, Created: now,
	}
	admin := Person{ID: newID(personKind), Name: q.Name, Email: q.Email, Organisation: operator.ID, Role: RoleHubAdmin, Created: now}
	secret, hash := newSecret()
	key := Key{ID: newKeyID(), Name: "first key", Organisation: operator.ID, Person: admin.ID, Created: now, Hash: hash}
	set := settings{Settings: Settings{Title: q.Title, Description: q.Description, Created: now}, Operator: operator.ID}
	for _, clean := range []func() error{set.clean, operator.clean, admin.clean} {
		if err := clean(); err != nil {
			return SetupResult{}, err
		}
	}
	group := Group{ID: communityID, Handle: Community, Title: "Community", Description: "Every member of this hub", Created: now}
	collections := firstCollections(operator.ID, now)

	err := s.change(ctx, by, "setup", func(tx store.Tx, e *audit.Entry) error {
		switch old, err := getRecord[settings](tx, metaKey); {
		case err == nil && old.Operator == operator.ID:
			return nil // its own run, of which the outcome was unknown
		case err == nil:
			return errIsSetUp()
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if allowed != nil {
			if err := allowed(tx); err != nil {
				return err
			}
		}
		set := set
		if err := errors.Join(addOrganisation(tx, &operator), addPerson(tx, &admin), putRecord(tx, keyKind+"/"+key.ID, key),
			addGroup(tx, &group), tx.Delete([]byte(setupKey))); err != nil {
			return err
		}
		for i := range collections {
			col := collections[i]
			if err := addCollection(tx, &set, &col); err != nil {
				return err
			}
		}
		if !by.Member() { // by a link: it was whoever is the administrator now
			e.Actor = audit.Actor{Kind: audit.Person, ID: admin.ID, Name: cut(admin.Name, 500)}
		}
		e.Object = operator.ID
		e.Detail = map[string]string{"operator": operator.Handle, "administrator": admin.ID, "key": key.ID}
		return putRecord(tx, metaKey, set)
	})
	if err != nil {
		return SetupResult{}, err
	}
	key.Hash = nil
	return SetupResult{Operator: operator, Person: admin, Key: key, Token: tokenPrefix + key.ID + "_" + secret}, nil
}

// firstCollections are what a hub begins with: one that everybody reads, and one
// in which the members share.
func firstCollections(operator string, now time.Time) []Collection {
	return []Collection{
		{
			ID: uuid.NewString(), Alias: "public", Title: "Public", Group: communityID, Created: now,
			Description: "What the operator publishes for everybody",
			Grants:      []Grant{{Subject: operator, Read: true, Write: true}, {Subject: Public, Read: true}},
			Unmarked:    tlp.Clear, Moderation: ModerateNone,
		},
		{
			ID: uuid.NewString(), Alias: "indicators", Title: "Indicators", Group: communityID, Created: now.Add(time.Microsecond),
			Description: "What the members share with each other",
			Grants:      []Grant{{Subject: communityID, Read: true, Write: true}},
			Unmarked:    tlp.Green, Moderation: ModerateNew, Anonymous: true,
		},
	}
}

// Settings returns what the hub says of itself; everybody may ask.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	var set settings
	err := s.read(ctx, func(r store.Reader) error {
		v, err := getRecord[settings](r, metaKey)
		if err == nil {
			set = *v
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Settings{}, errNotSetUp()
	}
	return set.Settings, err
}

// UpdateSettings changes title and description. Hub administrators may.
func (s *Service) UpdateSettings(ctx context.Context, c *Caller, title, description *string) (Settings, error) {
	if !c.administers() {
		return Settings{}, c.refuse()
	}
	var set settings
	err := s.change(ctx, c, "settings.update", func(tx store.Tx, e *audit.Entry) error {
		v, err := getRecord[settings](tx, metaKey)
		if err != nil {
			return err
		}
		set = *v
		d := differences{}
		d.set("title", &set.Title, title)
		d.set("description", &set.Description, description)
		if len(d) == 0 {
			return errUnchanged
		}
		if err := set.clean(); err != nil {
			return err
		}
		e.Detail = d
		return putRecord(tx, metaKey, set)
	})
	return set.Settings, err
}

// operator returns the organisation that runs the hub; store.ErrNotFound before
// it is set up.
func operator(r store.Reader) (*Organisation, error) {
	set, err := getRecord[settings](r, metaKey)
	if err != nil {
		return nil, err
	}
	return getRecord[Organisation](r, orgKind+"/"+set.Operator)
}
