package bayeux

import "halley/bayeux/message"

// ext appends the ext field of a reply, extension by extension.
type ext struct {
	dst  []byte
	open bool
}

// add starts the value of one extension.
func (e *ext) add(name string) {
	start := `,"`
	if !e.open {
		start, e.open = `,"ext":{"`, true
	}
	e.dst = append(e.dst, start...)
	e.dst = append(append(e.dst, name...), `":`...)
}

// turnOn says that the extension is on.
func (e *ext) turnOn(name string) {
	e.add(name)
	e.dst = append(e.dst, "true"...)
}

// end ends the field, if there is one.
func (e *ext) end() []byte {
	if e.open {
		e.dst = append(e.dst, '}')
	}
	return e.dst
}

// asks tells whether a message turns an extension on.
func asks(m *message.Message, name string) bool {
	return string(message.Get(m.Ext, name)) == "true"
}
