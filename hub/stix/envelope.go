package stix

import (
	"errors"
	"fmt"
)

// ErrNoEnvelope is returned, wrapped with what is wrong, for what is neither a
// TAXII envelope nor a STIX bundle.
var ErrNoEnvelope = errors.New("neither a TAXII envelope nor a STIX bundle")

// Objects are the objects of a TAXII envelope (TAXII 2.1, 3.7) or of a STIX bundle
// (STIX 2.1, 8): the elements of its list "objects", which may be absent. They are
// handed out as they are, also those that are no JSON objects. What else stands
// beside the list is not looked at, but for a type: an object that was sent
// without its envelope is told from an empty envelope by it.
func Objects(v Value) ([]Value, error) {
	if v.Kind() != Object {
		return nil, fmt.Errorf("%w: a JSON object was expected, found: %s", ErrNoEnvelope, v.Kind())
	}
	list := v.Get("objects")
	if typ := v.Get("type"); typ.Kind() != Missing && typ.Text() != "bundle" {
		return nil, fmt.Errorf("%w: it has a type of its own, as one object has; put that into the list \"objects\" of an envelope", ErrNoEnvelope)
	}
	if list.Kind() != Missing && list.Kind() != List {
		return nil, fmt.Errorf("%w: \"objects\" has to be a list, found: %s", ErrNoEnvelope, list.Kind())
	}
	objects := make([]Value, 0, list.Len())
	for object := range list.Elements() {
		objects = append(objects, object)
	}
	return objects, nil
}
