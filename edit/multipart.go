package edit

import (
	"bytes"
	"errors"
	"mime"
	"slices"
	"strings"
)

// Multipart is a body of multipart/form-data. Parts that are not changed keep their bytes.
type Multipart struct {
	delimiter []byte // "--" and the boundary
	parts     []part
}

type part struct {
	name string
	head []byte // the lines of the head, with the last line's end, without the empty line
	body []byte
}

// ParseMultipart reads a body whose Content-Type is given. The document keeps data, which must not change while it is used.
// No data at all is a document without parts.
func ParseMultipart(contentType string, data []byte) (*Multipart, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	if params["boundary"] == "" {
		return nil, errors.New("edit: multipart without a boundary")
	}
	m := &Multipart{delimiter: []byte("--" + params["boundary"])}
	if len(data) == 0 {
		return m, nil
	}
	rest, ok := m.skipPreamble(data)
	if !ok {
		return nil, errors.New("edit: multipart without its boundary")
	}
	for {
		if bytes.HasPrefix(rest, []byte("--")) {
			return m, nil
		}
		line := bytes.Index(rest, []byte("\r\n"))
		if line < 0 || len(bytes.Trim(rest[:line], " \t")) != 0 {
			return nil, errors.New("edit: bad line at a multipart boundary")
		}
		rest = rest[line:]
		end := bytes.Index(rest, slices.Concat([]byte("\r\n"), m.delimiter))
		if end < 0 {
			return nil, errors.New("edit: multipart without an end")
		}
		if end == 0 { // two boundaries without a part between
			return nil, errors.New("edit: empty part in multipart")
		}
		p, err := parsePart(rest[2:end])
		if err != nil {
			return nil, err
		}
		m.parts = append(m.parts, p)
		rest = rest[end+2+len(m.delimiter):]
	}
}

// skipPreamble returns what follows the first boundary.
func (m *Multipart) skipPreamble(data []byte) ([]byte, bool) {
	if rest, ok := bytes.CutPrefix(data, m.delimiter); ok {
		return rest, true
	}
	_, rest, ok := bytes.Cut(data, slices.Concat([]byte("\r\n"), m.delimiter))
	return rest, ok
}

func parsePart(raw []byte) (part, error) {
	if body, ok := bytes.CutPrefix(raw, []byte("\r\n")); ok {
		return part{body: body}, nil
	}
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return part{}, errors.New("edit: multipart part without an end of its head")
	}
	p := part{head: raw[:len(head)+2], body: body}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := strings.Cut(string(line), ":")
		if !strings.EqualFold(name, "content-disposition") {
			continue
		}
		if _, params, err := mime.ParseMediaType(value); err == nil {
			p.name = params["name"]
		}
	}
	return p, nil
}

// Get returns the first value called name and how many there are.
func (m *Multipart) Get(name string) (value string, count int) {
	for _, p := range m.parts {
		if p.name == name {
			if count == 0 {
				value = string(p.body)
			}
			count++
		}
	}
	return value, count
}

// Has implements Doc.
func (m *Multipart) Has(name string) bool { return m.index(name) >= 0 }

func (m *Multipart) index(name string) int {
	return slices.IndexFunc(m.parts, func(p part) bool { return p.name == name })
}

// Del implements Doc.
func (m *Multipart) Del(name string) bool {
	n := len(m.parts)
	m.parts = slices.DeleteFunc(m.parts, func(p part) bool { return p.name == name })
	return len(m.parts) < n
}

// Rename implements Doc. The parts lose what else their heads said, such as a file name.
func (m *Multipart) Rename(old, new string) bool {
	if old == new || !m.Has(old) {
		return false
	}
	m.Del(new)
	for i := range m.parts {
		if p := &m.parts[i]; p.name == old {
			*p = simplePart(new, string(p.body))
		}
	}
	return true
}

// Set implements Doc.
func (m *Multipart) Set(name, value string) {
	i := m.index(name)
	if i < 0 {
		m.Append(name, value)
		return
	}
	m.parts[i] = simplePart(name, value)
	rest := slices.DeleteFunc(m.parts[i+1:], func(p part) bool { return p.name == name })
	m.parts = m.parts[:i+1+len(rest)]
}

// Append implements Doc.
func (m *Multipart) Append(name, value string) { m.parts = append(m.parts, simplePart(name, value)) }

// quoted escapes a name as browsers do.
var quoted = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")

func simplePart(name, value string) part {
	return part{
		name: name,
		head: []byte(`Content-Disposition: form-data; name="` + quoted.Replace(name) + "\"\r\n"),
		body: []byte(value),
	}
}

// AppendTo implements Doc, with the boundary of the body that was read.
func (m *Multipart) AppendTo(b []byte) []byte {
	for _, p := range m.parts {
		b = append(b, m.delimiter...)
		b = append(b, "\r\n"...)
		b = append(b, p.head...)
		b = append(b, "\r\n"...)
		b = append(b, p.body...)
		b = append(b, "\r\n"...)
	}
	b = append(b, m.delimiter...)
	return append(b, "--\r\n"...)
}
