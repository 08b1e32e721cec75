package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

const (
	maxNameColumns = 32  // of an arm's name: external servers are named by users
	maxTextColumns = 300 // of a reason, a flag or a line of standard error
)

// plain makes a string from a result file fit to be printed on one line of a
// terminal: control and formatting characters are spelt out, white space is a
// blank, and what exceeds limit columns is cut off.
func plain(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if n += twwidth.Width(string(r)); n > limit {
			b.WriteRune('…')
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func plainName(s string) string { return plain(s, maxNameColumns) }

// fullName is for machines, which tell arms by it: those of long options begin alike.
func fullName(s string) string { return plain(s, maxTextColumns) }

func plainText(s string) string { return plain(s, maxTextColumns) }

// escapeMarkdown makes text that is plain already mean itself in Markdown:
// no table cell, link, image, mention or HTML tag comes of it.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '\\', '|', '`', '*', '_', '[', ']', '#', '!', '~', '@', '$':
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	// GitHub makes links of bare addresses too.
	return strings.NewReplacer("://", "&#58;//", "www.", "www&#46;").Replace(b.String())
}

// slug makes part of a file name of a string: lower-case letters, digits and
// single dashes, at most 40.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case b.Len() == 40:
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
