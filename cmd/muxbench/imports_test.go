//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed says which packages of the project each may import, and which of
// the modules that it depends on. An edge that is not here is a mistake, or a
// decision to be made here first.
var allowed = map[string][]string{
	"builds":                 {"golang.org/x/sys/unix"},
	"results":                {"results/stats", "github.com/HdrHistogram/hdrhistogram-go", "gonum.org/v1/gonum"},
	"results/gate":           {"results", "results/stats"},
	"results/stats":          {"github.com/HdrHistogram/hdrhistogram-go", "gonum.org/v1/gonum"},
	"multiplexers":           {"golang.org/x/sys/unix"},
	"multiplexers/server":    {"multiplexers", "golang.org/x/sys/unix"},
	"multiplexers/chain":     {"multiplexers", "golang.org/x/sys/unix"},
	"multiplexers/ctl":       {"multiplexers", "golang.org/x/sys/unix"},
	"multiplexers/inspect":   {"golang.org/x/sys/unix"},
	"multiplexers/workbench": {"golang.org/x/sys/unix"},
	"multiplexers/muxtest":   {"multiplexers", "multiplexers/server", "multiplexers/workbench", "golang.org/x/sys/unix"},
	"loadgen":                {"multiplexers", "results", "golang.org/x/sys/unix", "github.com/HdrHistogram/hdrhistogram-go"},
	"scenarios/lab":          {"multiplexers", "multiplexers/chain", "multiplexers/workbench", "results/stats", "golang.org/x/sys/unix"},
	"scenarios":              {"multiplexers", "multiplexers/chain", "multiplexers/ctl", "multiplexers/server", "loadgen", "results", "results/gate", "results/stats", "golang.org/x/sys/unix"},
	"report":                 {"results", "results/gate", "results/stats", "golang.org/x/perf", "gonum.org/v1/plot", "github.com/olekukonko/tablewriter"},
	"scripts/ci":             {}, // tests of a shell script
	// Of multiplexers/server it has the list of backends, and makes a claim of each;
	// a client of its own has threads of SCHED_IDLE.
	"cmd/acceptance": {"multiplexers/server", "results", "results/gate", "results/stats", "golang.org/x/sys/unix", "github.com/spf13/cobra", "gonum.org/v1/gonum"},
	"cmd/muxbench": {"builds", "multiplexers", "multiplexers/inspect", "multiplexers/server", "multiplexers/muxtest", "multiplexers/workbench", "loadgen", "scenarios", "scenarios/lab", "results", "results/gate", "report",
		"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/agnivade/levenshtein", "golang.org/x/term", "github.com/schollz/progressbar/v3"},
}

func TestImports(t *testing.T) {
	const module = "muxbench/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Standard", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the table of what each may import", name)
		}
		for _, imported := range p.Imports {
			first, _, _ := strings.Cut(imported, "/")
			if first+"/" != module && !strings.Contains(first, ".") {
				continue // standard library
			}
			imported = strings.TrimPrefix(imported, module)
			if !slices.ContainsFunc(may, func(m string) bool {
				return imported == m || strings.Contains(m, ".") && strings.HasPrefix(imported, m+"/")
			}) {
				t.Errorf("%s may not import %s", name, imported)
			}
		}
	}
	if packages < len(allowed) {
		t.Errorf("go list found %d packages, the table has %d", packages, len(allowed))
	}
}
