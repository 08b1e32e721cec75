//go:build linux

package scenarios

import (
	"strings"
	"sync"
)

// ends keeps the first and the last bytes written to it: a crash begins with
// its cause. It may be used by several goroutines.
type ends struct {
	mu          sync.Mutex
	first, last []byte
	cut         bool // something between them is lost
}

const (
	firstBytes = 1 << 10
	lastBytes  = 3 << 10
)

func (e *ends) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := min(len(p), firstBytes-len(e.first))
	e.first = append(e.first, p[:n]...)
	e.last = append(e.last, p[n:]...)
	if extra := len(e.last) - lastBytes; extra > 0 {
		e.last = e.last[:copy(e.last, e.last[extra:])]
		e.cut = true
	}
	return len(p), nil
}

func (e *ends) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	between := ""
	if e.cut {
		between = "\n[…]\n"
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(e.first)+between+string(e.last)), "�")
}
