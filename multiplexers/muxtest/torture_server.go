//go:build linux

package muxtest

func tortureServer(r *rig) {}
