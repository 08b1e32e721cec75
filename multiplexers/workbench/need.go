//go:build linux

package workbench

// NeedDescriptors skips the attempt unless the limit of descriptors (ulimit -n) allows
// one of the number highest.
func (b *Bench) NeedDescriptors(highest int) {
	if have := b.DescriptorLimit().Cur; have <= uint64(highest) {
		b.Skipf("needs a limit of %d descriptors (ulimit -n), and has %d", highest+1, have)
	}
}
