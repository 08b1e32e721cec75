//go:build linux

package muxtest_test

import (
	"testing"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
)

func TestConformance(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			if err := m.Probe(); err != nil {
				t.Skipf("%s is unavailable on this host: %v", m.Name, err)
			}
			for _, c := range muxtest.Cases() {
				if c.Applies(m) {
					t.Run(c.ID, func(t *testing.T) { c.Run(t, m) })
				}
			}
		})
	}
}

func TestCasesHaveUniqueIDs(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range muxtest.Cases() {
		if c.ID == "" || c.Title == "" || c.Source == "" || c.Tier == "" {
			t.Errorf("%v: a case needs an ID, a tier, a title and a source", c)
		}
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
	}
}

// Every case is about one of the mechanisms, or it tests nothing.
func TestCasesApply(t *testing.T) {
	for _, c := range muxtest.Cases() {
		applies := false
		for _, m := range multiplexers.Mechanisms() {
			applies = applies || c.Applies(m)
		}
		if !applies {
			t.Errorf("%s applies to no mechanism", c)
		}
	}
}
