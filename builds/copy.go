//go:build linux

package builds

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Copy writes the binary anew into dir, which is made, under its own name, and returns
// what is there.
//
// How a file's pages lie in memory depends on how it was written: a linker's are single
// ones, and those of one that is written at once may be huge pages, which map its code
// (large folios; ext4 has them since Linux 6.16). In twice 60 checks of a linker's file
// against such a copy the file took 0.5 % less CPU time a message (standard errors of
// 0.04). In 60 checks of copies written page by page, anew for each, the mean was 0.0 %.
func (b Binary) Copy(dir string) (Binary, error) {
	to := filepath.Join(dir, filepath.Base(b.Path))
	if err := copyByPage(to, b.Path); err != nil {
		return Binary{}, fmt.Errorf("copying %q to be measured: %w", b.Path, err)
	}
	if err := unix.Access(to, unix.X_OK); err != nil {
		return Binary{}, fmt.Errorf("programs may not be run in %q: %w; name a directory on another file system by TMPDIR", dir, err)
	}
	b.Path = to
	return b, nil
}

func copyByPage(to, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	// As a Writer alone, for a File reads from another in pieces of its own choice.
	_, err = io.CopyBuffer(struct{ io.Writer }{target}, struct{ io.Reader }{source}, make([]byte, os.Getpagesize()))
	return err
}
