//go:build linux

package builds

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive is one of members in order, as git or somebody hostile makes it.
func archive(t *testing.T, members ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range members {
		content := ""
		if h.Typeflag == tar.TypeReg {
			content = "content"
		}
		if h.Typeflag != tar.TypeXGlobalHeader {
			h.Size, h.Mode = int64(len(content)), h.Mode|0o600
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	if err := unpack(archive(t,
		tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "0123"}},
		tar.Header{Typeflag: tar.TypeDir, Name: "a/b/"},
		tar.Header{Typeflag: tar.TypeReg, Name: "a/b/run", Mode: 0o4755},
		tar.Header{Typeflag: tar.TypeReg, Name: "plain"},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "a/b/run"},
	), dir); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"a/b/run": 0o755, "plain": 0o644, "link": 0o755} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(content) != "content" {
			t.Errorf("%s holds %q (%v)", name, content, err)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v (%v), want %s", name, info.Mode(), err, mode)
		}
	}
}

func TestUnpackStaysInItsDirectory(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Mkdir(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, members := range map[string][]tar.Header{
		"upwards":         {{Typeflag: tar.TypeReg, Name: "../outside/file"}},
		"upwards later":   {{Typeflag: tar.TypeReg, Name: "a/../../outside/file"}},
		"absolute":        {{Typeflag: tar.TypeReg, Name: outside + "/file"}},
		"absolute dir":    {{Typeflag: tar.TypeDir, Name: outside + "/dir"}},
		"through a link":  {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: outside}, {Typeflag: tar.TypeReg, Name: "l/file"}},
		"through a short": {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "../outside"}, {Typeflag: tar.TypeReg, Name: "l/file"}},
		"onto a link":     {{Typeflag: tar.TypeSymlink, Name: "l", Linkname: outside + "/file"}, {Typeflag: tar.TypeReg, Name: "l"}},
		"hard link":       {{Typeflag: tar.TypeLink, Name: "l", Linkname: outside}},
		"device":          {{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3}},
		"pipe":            {{Typeflag: tar.TypeFifo, Name: "pipe"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(filepath.Dir(outside), strings.ReplaceAll(name, " ", "-"))
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := unpack(archive(t, members...), dir); err == nil || !strings.Contains(err.Error(), "unpacking ") {
				t.Errorf("it returned %v", err)
			}
			if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
				t.Errorf("outside there is %v (%v)", found, err)
			}
		})
	}
}

func TestUnpackNoticesTheEnd(t *testing.T) {
	whole := archive(t, tar.Header{Typeflag: tar.TypeReg, Name: "file"})
	whole.Truncate(516) // within the content
	if err := unpack(whole, t.TempDir()); err == nil {
		t.Error("an archive that was cut is whole")
	}
}
