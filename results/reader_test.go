package results_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"muxbench/results"
)

const (
	runLine   = `{"type":"run","schema":1,"tool":"muxbench","version":"v1"}`
	trialLine = `{"type":"trial","block":0,"scenario":"echo","connections":10,"active":10,"arm":"poll","backend":"poll","status":"ok","values":{"messages":5},"server_cpu":-1}`
)

// with is trialLine with one piece of it replaced.
func with(old, new string) string {
	if !strings.Contains(trialLine, old) {
		panic("trialLine has no " + old)
	}
	return strings.Replace(trialLine, old, new, 1)
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name     string
		input    string
		trials   int
		warnings []string // what each contains
		err      string
	}{
		{"run and trial", runLine + "\n" + trialLine + "\n", 1, nil, ""},
		{"no newline at the end", runLine + "\n" + trialLine, 1, nil, ""},
		{"other line ends", runLine + "\r\n" + trialLine + "\r\n\r\n", 1, nil, ""},
		{"run alone", runLine, 0, nil, ""},
		{"unknown fields and types", runLine + "\n" + `{"type":"annotation","x":1}` + "\n" + with(`"block":0`, `"block":0,"newer":{"a":[1]}`), 1, nil, ""},
		{"blank line", runLine + "\n\n  \n" + trialLine + "\n", 1, nil, ""},
		{"a metric that may be negative", runLine + "\n" + with(`"messages":5`, `"server_rss_bytes_per_connect":-5,"newer":-1`), 1, nil, ""},

		{"torn last line", runLine + "\n" + trialLine + "\n" + trialLine[:40], 1, []string{"f.jsonl:3: the last line is torn"}, ""},
		{"bad line in the middle", runLine + "\n{nonsense}\n" + trialLine + "\n", 1, []string{"f.jsonl:2: line left out"}, ""},
		{"bad last line, but whole", runLine + "\n" + trialLine + "\n{\n", 1, []string{"f.jsonl:3: line left out"}, ""},
		{"zeros of a crashed file system", runLine + "\n" + trialLine + "\n\x00\x00\x00\n", 1, []string{"f.jsonl:3:"}, ""},
		{"two bad lines", runLine + "\n1\n2\n", 0, []string{"f.jsonl:2:", "f.jsonl:3:"}, ""},
		{"the same trial twice", runLine + "\n" + trialLine + "\n" + trialLine + "\n", 1, []string{`f.jsonl:3: line left out: block 0 of arm "poll" in this cell is on line 2 already`}, ""},
		{"line too long", runLine + "\n" + `{"type":"trial","x":"` + strings.Repeat("x", 4<<20) + "\"}\n" + trialLine + "\n", 1, []string{"f.jsonl:2: line left out: longer than"}, ""},

		{"wrong kind of value", runLine + "\n" + with(`"block":0`, `"block":"0"`), 0, []string{"block"}, ""},
		{"unknown status", runLine + "\n" + with(`"ok"`, `"fine"`), 0, []string{`status "fine" is none of`}, ""},
		{"negative block", runLine + "\n" + with(`"block":0`, `"block":-1`), 0, []string{"block is -1"}, ""},
		{"absurd connections", runLine + "\n" + with(`"connections":10`, `"connections":9000000000`), 0, []string{"connections is 9000000000"}, ""},
		{"negative size", runLine + "\n" + with(`"block":0`, `"size":-1`), 0, []string{"size is -1"}, ""},
		{"negative rate", runLine + "\n" + with(`"block":0`, `"rate":-0.5`), 0, []string{"rate is -0.5"}, ""},
		{"negative count", runLine + "\n" + with(`"block":0`, `"counters":{"server":{"eagain":-1}}`), 0, []string{"counters.server.eagain is -1"}, ""},
		{"negative error", runLine + "\n" + with(`"block":0`, `"errors":{"mismatch":-1}`), 0, []string{"errors.mismatch is -1"}, ""},
		{"negative slice", runLine + "\n" + with(`"block":0`, `"slices":[{"turn":0},{"elapsed_ns":-1}]`), 0, []string{"slices.elapsed_ns is -1"}, ""},
		{"negative metric", runLine + "\n" + with(`"messages":5`, `"messages":-5`), 0, []string{`value "messages" is -5`}, ""},
		{"absurd metric", runLine + "\n" + with(`"messages":5`, `"messages":1e300`), 0, []string{"beyond anything measurable"}, ""},
		{"metric that no float64 holds", runLine + "\n" + with(`"messages":5`, `"messages":1e400`), 0, []string{"1e400"}, ""},
		{"NaN", runLine + "\n" + with(`"messages":5`, `"messages":NaN`), 0, []string{"f.jsonl:2:"}, ""},
		{"no arm", runLine + "\n" + with(`"arm":"poll"`, `"arm":""`), 0, []string{"arm has 0 bytes"}, ""},
		{"endless backend", runLine + "\n" + with(`"backend":"poll"`, `"backend":"`+strings.Repeat("x", 300)+`"`), 0, []string{"backend has 300 bytes"}, ""},
		{"an endless reason", runLine + "\n" + with(`"block":0`, `"reason":"`+strings.Repeat("x", 1<<20+1)+`"`), 0, []string{"reason has 1048577 bytes"}, ""},
		{"a metric with an endless name", runLine + "\n" + with(`"messages"`, `"`+strings.Repeat("x", 201)+`"`), 0, []string{"name of a value has 201 bytes"}, ""},
		{"no such CPU", runLine + "\n" + with(`"server_cpu":-1`, `"server_cpu":-2`), 0, []string{"server_cpu -2"}, ""},

		{"empty", "", 0, nil, "f.jsonl is empty"},
		{"foreign", "select,poll\n1,2\n", 0, nil, "f.jsonl:1: the first line is not the record of a run"},
		{"foreign JSON", `{"type":"run","tool":"other","schema":1}`, 0, nil, "f.jsonl:1: the first line is not the record of a run"},
		{"trial first", trialLine + "\n" + runLine, 0, nil, "f.jsonl:1:"},
		{"torn first line", runLine[:20], 0, nil, "f.jsonl:1:"},
		{"endless first line", strings.Repeat(" ", 5<<20), 0, nil, "f.jsonl:1:"},
		{"newer schema", strings.Replace(runLine, `"schema":1`, `"schema":2,"labels":[1]`, 1), 0, nil, "f.jsonl:1: written in schema 2, and this muxbench reads up to schema 1"},
		{"no schema", strings.Replace(runLine, `"schema":1,`, "", 1), 0, nil, "schema 0"},
		{"an endless label", strings.Replace(runLine, `"schema":1`, `"schema":1,"labels":{"a":"`+strings.Repeat("x", 1001)+`"}`, 1), 0, nil, "f.jsonl:1: a label's key has 1 and its value 1001 bytes"},
		{"a command without a line", strings.Replace(runLine, `"schema":1`, `"schema":1,"commands":[{"cell":{}}]`, 1), 0, nil, "f.jsonl:1: a command's line has 0 bytes"},
		{"a command of an absurd cell", strings.Replace(runLine, `"schema":1`, `"schema":1,"commands":[{"line":"x","cell":{"size":-1}}]`, 1), 0, nil, "size is -1"},
		{"two files joined", runLine + "\n" + trialLine + "\n" + runLine + "\n", 0, nil, "f.jsonl:3: a second run begins here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := results.Decode(strings.NewReader(tt.input), "f.jsonl")
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q in it", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Trials) != tt.trials {
				t.Errorf("%d trials, want %d", len(f.Trials), tt.trials)
			}
			if len(f.Warnings) != len(tt.warnings) {
				t.Fatalf("warnings %v, want %d", f.Warnings, len(tt.warnings))
			}
			for i, want := range tt.warnings {
				var at *results.SyntaxError
				if !errors.As(f.Warnings[i], &at) || !strings.Contains(at.Error(), want) {
					t.Errorf("warning %q, want a SyntaxError with %q in it", f.Warnings[i], want)
				}
			}
		})
	}
}

// A run may be interrupted, or a disk be full, at any byte.
func TestDecodeCutAtEveryLength(t *testing.T) {
	whole, err := os.ReadFile(write(t, exampleTrial(0), exampleTrial(1), exampleTrial(2)))
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{} // of lines, without their newline
	for i, b := range whole {
		if b == '\n' {
			ends = append(ends, i)
		}
	}
	for n := range len(whole) + 1 {
		f, err := results.Decode(bytes.NewReader(whole[:n]), "cut")
		if n < ends[0] {
			if err == nil {
				t.Fatalf("cut after %d bytes, within the first line: no error", n)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		trials, warnings := 0, 0
		for i, end := range ends[1:] {
			begin := ends[i] + 1
			switch {
			case n >= end:
				trials++
			case n > begin:
				warnings++
			}
		}
		if len(f.Trials) != trials || len(f.Warnings) != warnings {
			t.Fatalf("cut after %d bytes: %d trials and %d warnings, want %d and %d", n, len(f.Trials), len(f.Warnings), trials, warnings)
		}
	}
}

func TestDecodeRefusesEndlessFiles(t *testing.T) {
	blank := append(bytes.Repeat([]byte(" "), 1<<20), '\n')
	endless := io.MultiReader(strings.NewReader(runLine+"\n"), &repeat{line: blank})
	if _, err := results.Decode(endless, "f"); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error %v, want the file refused as too large", err)
	}
	slices := with(`"block":0`, `"slices":[{}`+strings.Repeat(",{}", 1<<20)+`]`) + "\n"
	many := io.MultiReader(strings.NewReader(runLine+"\n"), &numbered{line: slices})
	if _, err := results.Decode(many, "f"); err == nil || !strings.Contains(err.Error(), "slices: too large") {
		t.Errorf("error %v, want so many slices refused", err)
	}
}

// repeat is one line for ever.
type repeat struct{ line, rest []byte }

func (r *repeat) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		r.rest = r.line
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// numbered is one trial for ever, of another arm each time.
type numbered struct {
	line string
	n    int
	rest []byte
}

func (r *numbered) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		r.n++
		r.rest = []byte(strings.Replace(r.line, `"arm":"poll"`, `"arm":"`+strings.Repeat("x", r.n)+`"`, 1))
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestDecodeReportsReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	r := io.MultiReader(strings.NewReader(runLine+"\n"+trialLine[:30]), iotest.ErrReader(broken))
	if _, err := results.Decode(r, "f"); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v: half a file is not a torn line", err, broken)
	}
}

func TestErrorsHoldNoControlCharacters(t *testing.T) {
	f, err := results.Decode(strings.NewReader(runLine+"\n"+with(`"ok"`, `"\u001b[2J\u009b\u202e"`)+"\n\x1b]0;x\x07\n"), "a\x1b.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 2 {
		t.Fatalf("%d warnings, want 2", len(f.Warnings))
	}
	_, err = results.Decode(iotest.ErrReader(errors.New("read a\x1b.jsonl")), "f")
	if err == nil {
		t.Fatal("no error of a reader that fails")
	}
	for _, w := range append(f.Warnings, err) {
		if i := strings.IndexFunc(w.Error(), func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%q holds what does not print at %d", w.Error(), i)
		}
	}
}

func TestOpenWhatIsNotThere(t *testing.T) {
	empty := t.TempDir()
	for _, path := range []string{empty, filepath.Join(empty, "none.jsonl")} {
		if _, err := results.Open(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s): %v, want os.ErrNotExist and the path", path, err)
		}
	}
}

// FuzzDecode: whatever is read can be written, and is then read the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(runLine + "\n" + trialLine + "\n"))
	f.Add([]byte(runLine + "\n" + trialLine[:50]))
	f.Add([]byte(strings.Replace(runLine, "}", `,"started":"2026-01-02T03:04:05.6+07:00","seed":18446744073709551615,"labels":{"a":"b"},"args":[]}`, 1)))
	f.Add([]byte(runLine + "\n" + with(`"values":{"messages":5}`, `"values":{"x":-0,"y":1e-300},"counters":{"server":{"waits":1}},"slices":[{"turn":1,"connects":2}],"options":{},"validity":["\ud800"]`)))
	f.Add([]byte(strings.Replace(runLine, "}", `,"gate":{"threshold":0.03,"base":{"layouts":4}}}`, 1) + "\n" + looksLine + "\n" + looksLine[:70]))
	f.Add([]byte(strings.Replace(runLine, "}", `,"gate":{"threshold":0.03,"base":{"layouts":4}}}`, 1) + "\n" + looksLine + "\n" + looksLine[:70]))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := results.Decode(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		w, err := results.Create(t.TempDir(), first.Run)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		defer w.Close()
		if err := errors.Join(w.Append(first.Trials...), w.AppendLooks(first.Looks...)); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		second, err := results.Open(w.Path())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if len(second.Warnings) > 0 {
			t.Errorf("what was written is not all read: %v", second.Warnings)
		}
		first.Warnings = nil
		a, errA := json.Marshal(first)
		b, errB := json.Marshal(second)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("read\n%s (%v)\nand, written and read again,\n%s (%v)", a, errA, b, errB)
		}
	})
}
