package stix

// Plain is the text of a value without the hand of the program that wrote it:
// members by name, no spaces, no escape that is not needed. Numbers stay as they
// are written, so that none changes. Equal finds no difference. For Missing it is
// nil.
func Plain(v Value) []byte {
	n := v.node()
	if n == nil {
		return nil
	}
	return appendPlain(make([]byte, 0, n.end-n.start), v)
}

func appendPlain(dst []byte, v Value) []byte {
	switch v.Kind() {
	case String:
		return appendString(dst, v.Text())
	case List:
		dst = append(dst, '[')
		for e := range v.Elements() {
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			dst = appendPlain(dst, e)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range v.sorted() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendPlain(append(appendString(dst, m.name), ':'), m.value)
		}
		return append(dst, '}')
	case Missing, Null, Boolean, Number:
	}
	return append(dst, v.Raw()...)
}
