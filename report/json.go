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
	return writeJSON(w, struct {
		Schema int `json:"schema"`
		Summary
		Distrust  []string `json:"not_to_be_trusted,omitempty"`
		Imprecise []string `json:"precision_not_reached,omitempty"`
	}{jsonSchema, s, s.Distrust(), s.Imprecise()})
}

// writeJSON writes v indented, without what a terminal would obey.
func writeJSON(w io.Writer, v any) error {
	encoded, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	var out bytes.Buffer
	writePrintable(&out, encoded)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// writePrintable writes what encoding/json has made, and ends the line. That leaves
// control characters above ASCII as they are, and some terminals obey them. They can
// only stand within strings.
func writePrintable(out *bytes.Buffer, encoded []byte) {
	for _, r := range string(encoded) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff
			fmt.Fprintf(out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(out, `\u%04x`, r)
		}
	}
	out.WriteByte('\n')
}
