package apiclient

import (
	"encoding/json"
	"time"
)

// List is a list of what the caller may know of.
type List[T any] struct {
	Items []T    `json:"items" nullable:"false" doc:"In a stable order."`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// Caller is how the hub knows whoever asks.
type Caller struct {
	Kind         string   `json:"kind" enum:"stranger,local,organisation,person" doc:"How the caller is known."`
	Organisation string   `json:"organisation,omitempty" doc:"Handle of the caller's organisation."`
	Person       string   `json:"person,omitempty" doc:"Mail address, of a person."`
	Role         string   `json:"role,omitempty" doc:"What the caller may do at most."`
	Key          string   `json:"key,omitempty" doc:"Id of the key in use."`
	Groups       []string `json:"groups,omitempty" nullable:"false" doc:"Handles of the trust groups."`
}

// Organisation is a member of the hub, or its operator.
type Organisation struct {
	ID       string    `json:"id" doc:"Its STIX identity."`
	Handle   string    `json:"handle" doc:"Short name, for addresses and commands."`
	Name     string    `json:"name"`
	Sector   string    `json:"sector,omitempty"`
	Contact  string    `json:"contact,omitempty" doc:"Mail address; shown to administrators and to its own people."`
	Status   string    `json:"status" enum:"new,active,suspended"`
	ClientOf []string  `json:"client_of,omitempty" nullable:"false" doc:"Handles of the organisations that it is a client of."`
	Operator bool      `json:"operator,omitempty" doc:"It runs the hub."`
	Created  time.Time `json:"created"`
}

// OrganisationEdit makes or changes an organisation. What is absent stays.
type OrganisationEdit struct {
	Handle   *string   `json:"handle,omitempty" minLength:"2" maxLength:"40" pattern:"^[a-z0-9][a-z0-9-]*$" doc:"Only when it is made."`
	Name     *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Sector   *string   `json:"sector,omitempty" maxLength:"100"`
	Contact  *string   `json:"contact,omitempty" maxLength:"254"`
	Status   *string   `json:"status,omitempty" enum:"new,active,suspended"`
	ClientOf *[]string `json:"client_of,omitempty" nullable:"false" maxItems:"1000" doc:"Ids or handles."`
}

// Person belongs to one organisation.
type Person struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Email        string    `json:"email"`
	Organisation string    `json:"organisation" doc:"Handle."`
	Role         string    `json:"role" enum:"hub-admin,analyst,organisation-admin,member,reader"`
	Disabled     bool      `json:"disabled,omitempty"`
	Created      time.Time `json:"created"`
}

// PersonEdit makes or changes a person. What is absent stays.
type PersonEdit struct {
	Name         *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Email        *string `json:"email,omitempty" minLength:"3" maxLength:"254"`
	Organisation *string `json:"organisation,omitempty" doc:"Id or handle; only when the person is made. Absent: the caller's own."`
	Role         *string `json:"role,omitempty" enum:"hub-admin,analyst,organisation-admin,member,reader"`
	Disabled     *bool   `json:"disabled,omitempty"`
}

// Scope bounds a key to verbs in a collection.
type Scope struct {
	Collection string   `json:"collection" doc:"Id or alias, or * for all."`
	Verbs      []string `json:"verbs" nullable:"false" minItems:"1" enum:"read,write"`
}

// Key is an API key, without its secret.
type Key struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation" doc:"Handle."`
	Person       string    `json:"person,omitempty" doc:"Mail address, of a person's key."`
	Scopes       []Scope   `json:"scopes,omitempty" nullable:"false" doc:"None: all that its owner may."`
	Anonymous    bool      `json:"anonymous,omitempty" doc:"What it submits is published in the hub's name."`
	Created      time.Time `json:"created"`
	Expires      time.Time `json:"expires,omitzero"`
	LastUsed     time.Time `json:"last_used,omitzero" doc:"To the minute; to the day where the key is anonymous."`
	Revoked      time.Time `json:"revoked,omitzero"`
}

// NewKey asks for a key.
type NewKey struct {
	Name         string    `json:"name" minLength:"1" maxLength:"100" doc:"What it is for."`
	Organisation string    `json:"organisation,omitempty" doc:"Id or handle. Absent: the caller's own."`
	Person       string    `json:"person,omitempty" doc:"Id or mail address: a key that is this person."`
	Scopes       []Scope   `json:"scopes,omitempty" nullable:"false" maxItems:"100"`
	Anonymous    bool      `json:"anonymous,omitempty"`
	Expires      time.Time `json:"expires,omitzero"`
}

// MadeKey is a new key with its secret, which is shown this once.
type MadeKey struct {
	Key
	Secret string `json:"secret" doc:"The whole key, to send as Bearer or as the password of Basic. It is not kept."`
}

// Group is a trust group and its API root.
type Group struct {
	ID          string    `json:"id"`
	Handle      string    `json:"handle" doc:"Its API root is /taxii2/HANDLE/."`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Members     []string  `json:"members,omitempty" nullable:"false" doc:"Handles of organisations; the group community has every member without naming them."`
	Created     time.Time `json:"created"`
}

// GroupEdit makes or changes a group. What is absent stays.
type GroupEdit struct {
	Handle      *string   `json:"handle,omitempty" minLength:"2" maxLength:"40" pattern:"^[a-z0-9][a-z0-9-]*$" doc:"Only when it is made."`
	Title       *string   `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Description *string   `json:"description,omitempty" maxLength:"2000"`
	Members     *[]string `json:"members,omitempty" nullable:"false" maxItems:"10000" doc:"Ids or handles."`
}

// Grant gives a right to a collection.
type Grant struct {
	Subject string `json:"subject" doc:"Handle of an organisation, or group:HANDLE, or public."`
	Read    bool   `json:"read,omitempty"`
	Write   bool   `json:"write,omitempty"`
}

// Collection is a set of objects with rights of its own. What only those who
// administer it need is absent for others.
type Collection struct {
	ID          string    `json:"id"`
	Alias       string    `json:"alias,omitempty"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Group       string    `json:"group" doc:"Handle of the group whose API root it is in."`
	CanRead     bool      `json:"can_read"`
	CanWrite    bool      `json:"can_write"`
	Unmarked    string    `json:"unmarked" doc:"TLP label of objects without one."`
	Moderation  string    `json:"moderation" enum:"off,new,all"`
	Anonymous   bool      `json:"anonymous" doc:"It takes anonymous contributions."`
	Retention   int       `json:"retention,omitempty" doc:"Days that an object stays; absent: for ever."`
	Grants      []Grant   `json:"grants,omitempty" nullable:"false"`
	People      []string  `json:"people,omitempty" nullable:"false" doc:"Mail addresses: the readers of what TAXII brings in as TLP:RED."`
	Created     time.Time `json:"created"`
}

// CollectionEdit makes or changes a collection. What is absent stays.
type CollectionEdit struct {
	Alias       *string   `json:"alias,omitempty" maxLength:"40"`
	Title       *string   `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Description *string   `json:"description,omitempty" maxLength:"2000"`
	Group       *string   `json:"group,omitempty" doc:"Id or handle; only when it is made. Absent: community."`
	Unmarked    *string   `json:"unmarked,omitempty" doc:"TLP label, such as GREEN."`
	Moderation  *string   `json:"moderation,omitempty" enum:"off,new,all"`
	Anonymous   *bool     `json:"anonymous,omitempty"`
	Retention   *int      `json:"retention,omitempty" minimum:"0" maximum:"36500"`
	Grants      *[]Grant  `json:"grants,omitempty" nullable:"false" maxItems:"10000"`
	People      *[]string `json:"people,omitempty" nullable:"false" maxItems:"10000" doc:"Ids or mail addresses."`
}

// StatusDetail is what became of one object.
type StatusDetail struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message,omitempty"`
}

// Status is what became of a submission.
type Status struct {
	ID               string         `json:"id"`
	Status           string         `json:"status" enum:"pending,complete"`
	RequestTimestamp time.Time      `json:"request_timestamp"`
	TotalCount       int            `json:"total_count"`
	SuccessCount     int            `json:"success_count"`
	FailureCount     int            `json:"failure_count"`
	PendingCount     int            `json:"pending_count"`
	Successes        []StatusDetail `json:"successes,omitempty" nullable:"false"`
	Failures         []StatusDetail `json:"failures,omitempty" nullable:"false"`
	Pendings         []StatusDetail `json:"pendings,omitempty" nullable:"false"`
	Warnings         []StatusDetail `json:"warnings,omitempty" nullable:"false" doc:"Of objects that were stored: what STIX says should be otherwise."`
}

// Counts are what others said about an object, as far as the caller may read it.
type Counts struct {
	Sightings int            `json:"sightings"`
	Opinions  map[string]int `json:"opinions,omitempty"`
	Notes     int            `json:"notes"`
}

// Found is an object with where it was found.
type Found struct {
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Version      string          `json:"version"`
	Collection   string          `json:"collection" doc:"Id."`
	DateAdded    time.Time       `json:"date_added"`
	Marking      string          `json:"marking" doc:"The strictest TLP label that binds it."`
	Organisation string          `json:"organisation,omitempty" doc:"Handle of who contributed it, for members."`
	Matched      string          `json:"matched,omitempty" doc:"The value by which it was found."`
	Counts       *Counts         `json:"counts,omitempty"`
	Object       json.RawMessage `json:"object" doc:"As it was received."`
}

// Change is an entry of the change feed.
type Change struct {
	Kind       string          `json:"kind" enum:"added,deleted,expired"`
	Time       time.Time       `json:"time"`
	Collection string          `json:"collection" doc:"Id."`
	ID         string          `json:"id"`
	Version    string          `json:"version"`
	Object     json.RawMessage `json:"object,omitempty"`
}

// Changes is a page of the change feed.
type Changes struct {
	Items []Change `json:"items" nullable:"false"`
	Next  string   `json:"next" doc:"Cursor behind the last change of the page."`
	More  bool     `json:"more"`
}

// Subscription is a durable cursor in the change feed.
type Subscription struct {
	Name       string    `json:"name"`
	Collection string    `json:"collection,omitempty" doc:"Id; absent: all that the caller may read."`
	Created    time.Time `json:"created"`
}

// NewSubscription asks for one.
type NewSubscription struct {
	Name       string `json:"name" minLength:"1" maxLength:"60" pattern:"^[a-z0-9][a-z0-9-]*$"`
	Collection string `json:"collection,omitempty" doc:"Id."`
	From       string `json:"from,omitempty" enum:"start,now" doc:"Absent: now."`
}

// Pending is a contribution that waits for a moderator.
type Pending struct {
	ID           string          `json:"id"`
	Collection   string          `json:"collection"`
	ObjectID     string          `json:"object_id"`
	Version      string          `json:"version"`
	Marking      string          `json:"marking"`
	Organisation string          `json:"organisation,omitempty" doc:"Handle; absent where it was given anonymously."`
	Anonymous    bool            `json:"anonymous,omitempty"`
	Received     time.Time       `json:"received"`
	Object       json.RawMessage `json:"object" doc:"As it will be published."`
}

// Decision approves or rejects a contribution.
type Decision struct {
	Approve bool   `json:"approve"`
	Reason  string `json:"reason,omitempty" maxLength:"1000" doc:"For whoever contributed it; needed to reject."`
}

// Asset is a domain or an inventory of an organisation.
type Asset struct {
	ID           string     `json:"id"`
	Organisation string     `json:"organisation" doc:"Handle."`
	Kind         string     `json:"kind" enum:"domain,inventory"`
	Name         string     `json:"name"`
	Domain       string     `json:"domain,omitempty"`
	MediaType    string     `json:"media_type,omitempty" doc:"Of an inventory's document."`
	Size         int        `json:"size,omitempty" doc:"Of the document, in bytes."`
	Document     string     `json:"document,omitempty" doc:"Of one inventory, not in lists."`
	Created      time.Time  `json:"created"`
	Verified     *time.Time `json:"verified,omitempty" doc:"When a domain was last proved to be the organisation's."`
}

// AssetEdit makes or changes an asset. What is absent stays.
type AssetEdit struct {
	Organisation *string `json:"organisation,omitempty" doc:"Id or handle; only when it is made. Absent: the caller's own."`
	Kind         *string `json:"kind,omitempty" enum:"domain,inventory"`
	Name         *string `json:"name,omitempty" maxLength:"200"`
	Domain       *string `json:"domain,omitempty" maxLength:"253"`
	MediaType    *string `json:"media_type,omitempty" maxLength:"100"`
	Document     *string `json:"document,omitempty" maxLength:"4194304"`
	Verified     *bool   `json:"verified,omitempty" doc:"For hub administrators: the domain was proved to be the organisation's."`
}

// SealedRecord is who is behind one version of an object that was contributed
// anonymously.
type SealedRecord struct {
	PublicID      string          `json:"public_id"`
	PublicVersion string          `json:"public_version"`
	OriginalID    string          `json:"original_id"`
	Version       string          `json:"version"`
	Organisation  string          `json:"organisation" doc:"Handle."`
	Person        string          `json:"person,omitempty" doc:"Mail address."`
	Key           string          `json:"key,omitempty"`
	From          string          `json:"from,omitempty"`
	Time          time.Time       `json:"time"`
	Original      json.RawMessage `json:"original" doc:"As it was received."`
}

// AuditEntry is one entry of the audit log.
type AuditEntry struct {
	Seq       uint64            `json:"seq"`
	Time      time.Time         `json:"time"`
	ActorKind string            `json:"actor_kind"`
	ActorID   string            `json:"actor_id,omitempty"`
	ActorName string            `json:"actor_name,omitempty"`
	Key       string            `json:"key,omitempty"`
	From      string            `json:"from,omitempty"`
	Request   string            `json:"request,omitempty"`
	Action    string            `json:"action"`
	Object    string            `json:"object,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
	Hash      string            `json:"hash"`
}

// AuditPage is a part of the audit log, newest first.
type AuditPage struct {
	Items []AuditEntry `json:"items" nullable:"false"`
	Next  uint64       `json:"next,omitempty" doc:"Give it as before for what is older."`
}

// AuditState is what a verification found.
type AuditState struct {
	Sound   bool   `json:"sound"`
	Entries uint64 `json:"entries,omitempty"`
	Head    string `json:"head,omitempty" doc:"SEQ:HASH of the last entry: keep it elsewhere, and the next verification can tell a log that was cut or rewritten."`
	Broken  uint64 `json:"broken,omitempty" doc:"The first entry that is wrong."`
	Why     string `json:"why,omitempty"`
}

// Settings are the hub's own.
type Settings struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// SettingsEdit changes them. What is absent stays.
type SettingsEdit struct {
	Title       *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Description *string `json:"description,omitempty" maxLength:"2000"`
}

// SetupRequest makes a new hub: its operator and the first administrator.
type SetupRequest struct {
	Token        string `json:"token,omitempty" doc:"Of the one-time link; the local administrator needs none."`
	Title        string `json:"title" minLength:"1" maxLength:"200" doc:"What the hub is called."`
	Organisation string `json:"organisation" minLength:"1" maxLength:"200" doc:"Name of the operator."`
	Handle       string `json:"handle" minLength:"2" maxLength:"40" pattern:"^[a-z0-9][a-z0-9-]*$"`
	Name         string `json:"name" minLength:"1" maxLength:"200" doc:"Of the administrator."`
	Email        string `json:"email" minLength:"3" maxLength:"254"`
}

// SetupResult is a new hub.
type SetupResult struct {
	Organisation Organisation `json:"organisation"`
	Person       Person       `json:"person"`
	Key          MadeKey      `json:"key"`
}

// SetupLink is the token of a one-time link.
type SetupLink struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}
