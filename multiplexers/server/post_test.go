//go:build linux

package server

import (
	"errors"
	"testing"
)

// TestLeaving: who hears that a thread has left finds it gone, and does not ask again in
// vain.
func TestLeaving(t *testing.T) {
	for range 2000 {
		p, err := newPost()
		if err != nil {
			t.Fatal(err)
		}
		left := make(chan bool)
		go func() {
			p.leave()
			left <- true
		}()
		if err := await(p.answered); err != nil {
			t.Fatal(err)
		}
		select {
		case <-p.ended:
		default:
			t.Fatal("it has rung that it leaves, and is still there")
		}
		if _, err := p.ask(snapshot); !errors.Is(err, ErrStopped) {
			t.Fatalf("asked again: %v", err)
		}
		<-left
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
	}
}
