package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

var errLineTooLong = fmt.Errorf("line left out: longer than %d bytes", maxLine)

// lineReader splits a file into lines without ever holding more than one of
// at most maxLine bytes.
type lineReader struct {
	r          *bufio.Reader
	limited    *io.LimitedReader
	buf        []byte
	number     int  // of the line returned last, from 1
	terminated bool // that line ended in a newline
}

func newLineReader(r io.Reader) *lineReader {
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	return &lineReader{r: bufio.NewReaderSize(limited, 64<<10), limited: limited}
}

// next returns the next line without its newline, valid until the call after.
// The error is io.EOF behind the last line, errLineTooLong for a line that
// was skipped, after which reading may go on, and otherwise final.
func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	tooLong, started := false, false
	for {
		part, err := l.r.ReadSlice('\n')
		started = started || len(part) > 0
		if len(l.buf)+len(part) > maxLine {
			tooLong = true
		}
		if !tooLong {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && !started:
			return nil, io.EOF
		}
		l.number++
		l.terminated = err == nil
		if l.limited.N == 0 {
			return nil, fmt.Errorf("more than %d bytes: too large for a result file", MaxFile)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read results: %w", err)
		}
		if tooLong {
			return nil, errLineTooLong
		}
		if l.terminated {
			return l.buf[:len(l.buf)-1], nil
		}
		return l.buf, nil
	}
}
