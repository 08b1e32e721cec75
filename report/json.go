package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
)

// jsonSchema is the version of what JSON writes.
const jsonSchema = 2

// JSON writes the whole summary as one indented JSON object, in base units.
func JSON(w io.Writer, s Summary) error {
	return encode(w, "the summary", struct {
		Schema int `json:"schema"`
		Summary
		Distrust  []string `json:"not_to_be_trusted,omitempty"`
		Imprecise []string `json:"precision_not_reached,omitempty"`
	}{jsonSchema, s, s.Distrust(), s.Imprecise()})
}

// encode writes an indented JSON object that no terminal obeys.
func encode(w io.Writer, what string, object any) error {
	encoded, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", what, err)
	}
	// encoding/json leaves control characters above ASCII as they are, and
	// some terminals obey them. They can only stand within strings.
	var out bytes.Buffer
	for _, r := range string(encoded) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	out.WriteByte('\n')
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
