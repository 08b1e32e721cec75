//go:build linux

package loadgen

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// payload is the source of all messages: each is a window of one block of
// random bytes, so that sending and verifying copy nothing, and a reply that
// is late, repeated, or another connection's does not look right.
type payload struct {
	block []byte
	size  int32
}

// windows is how many different messages there are. Together with a message
// they stay within a CPU's second cache.
const windows = 1 << 16

func newPayload(seed uint64, size int) payload {
	block := make([]byte, windows+size)
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	_, _ = rand.NewChaCha8(key).Read(block) // documented never to fail
	return payload{block: block, size: int32(size)}
}

// offset chooses the window of a connection's message. Neighbours in either
// number are far from each other.
func (p payload) offset(connection int, message uint32) int32 {
	return int32((uint32(connection)*2654435761 ^ message*2246822519) >> 16) // multiplicative hashing, the upper 16 bits
}

// unsent is what is left of a message after its first sent bytes.
func (p payload) unsent(offset, sent int32) []byte {
	return p.block[offset+sent : offset+p.size]
}

// verify says whether got continues a message after its first received bytes,
// without going beyond its end.
func (p payload) verify(offset, received int32, got []byte) bool {
	from := int(offset + received)
	to := from + len(got)
	return to <= int(offset+p.size) && bytes.Equal(got, p.block[from:to])
}
