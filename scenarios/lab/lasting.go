//go:build linux

package lab

import (
	"strconv"
	"strings"
	"time"
)

// lasting gives a duration to three digits: "1.06 ms".
func lasting(d time.Duration) string {
	unit, name := time.Nanosecond, "ns"
	switch {
	case d >= time.Second:
		unit, name = time.Second, "s"
	case d >= time.Millisecond:
		unit, name = time.Millisecond, "ms"
	case d >= time.Microsecond:
		unit, name = time.Microsecond, "µs"
	}
	value, digits := float64(d)/float64(unit), 0
	switch {
	case value < 10:
		digits = 2
	case value < 100:
		digits = 1
	}
	shown := strconv.FormatFloat(value, 'f', digits, 64)
	if digits > 0 {
		shown = strings.TrimRight(strings.TrimRight(shown, "0"), ".")
	}
	return shown + " " + name
}
