//go:build linux

package scenarios

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrMeasuring says that another measurement runs on this host.
var ErrMeasuring = errors.New("another muxbench is measuring on this host, and both would disturb each other: wait for it to end")

// Lock keeps other measurements on this host away until release is called, or
// the process ends: ErrMeasuring if one is under way. It is an flock(2) on a
// file in the directory for temporary files, which all users share unless
// TMPDIR names another.
func Lock() (release func(), err error) {
	path := filepath.Join(os.TempDir(), "muxbench.lock")
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o666)
	if errors.Is(err, unix.EACCES) {
		// Another user's: fs.protected_regular forbids O_CREAT, not reading.
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrMeasuring
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = unix.Close(fd) }, nil
}
