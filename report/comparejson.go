package report

import "io"

// comparisonSchema is the version of what ComparisonJSON writes.
const comparisonSchema = 1

// ComparisonJSON writes all of c as one indented JSON object, in base units.
func ComparisonJSON(w io.Writer, c SideBySide) error {
	return writeJSON(w, struct {
		Schema int `json:"schema"`
		SideBySide
	}{comparisonSchema, c})
}
