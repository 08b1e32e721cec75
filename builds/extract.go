//go:build linux

package builds

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"os"
	"path"
)

// extract puts the files of a commit into a directory that is empty. Unlike a
// worktree, nothing in the repository knows of it.
func (r repository) extract(ctx context.Context, commit, dir string) error {
	archive, out := io.Pipe()
	unpacked := make(chan error, 1)
	go func() {
		err := unpack(archive, dir)
		archive.CloseWithError(err)
		unpacked <- err
	}()
	err := git(r.top, "archive", "--format=tar", commit).run(ctx, out)
	out.CloseWithError(err) // io.EOF if there was none
	if failed := <-unpacked; err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("extracting revision %s of %q: %w", commit[:shortDigits], r.top, err)
	}
	return nil
}

// unpack writes the files of an archive into a directory, and nowhere else.
func unpack(archive io.Reader, dir string) error {
	root, err := os.OpenRoot(dir) // which refuses to leave it, by name and by link
	if err != nil {
		return err
	}
	defer root.Close()
	files := tar.NewReader(archive)
	for {
		h, err := files.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, archive) // what the last block is filled up with
			return err
		}
		if err != nil {
			return fmt.Errorf("reading the archive: %w", err)
		}
		if err := unpackOne(root, h, files); err != nil {
			return fmt.Errorf("unpacking %q: %w", cut(h.Name), err)
		}
	}
}

func unpackOne(root *os.Root, h *tar.Header, content io.Reader) error {
	name := path.Clean(h.Name)
	switch h.Typeflag {
	case tar.TypeXGlobalHeader: // holds the commit
		return nil
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|h.FileInfo().Mode().Perm()&0o111)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, content); err != nil {
			_ = f.Close() // the first reason is the one to tell
			return err
		}
		return f.Close()
	}
	return fmt.Errorf("it is neither a file, a directory nor a symbolic link (type %q)", h.Typeflag)
}
