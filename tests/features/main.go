// Command features compares podgate's table of features with the feature gates in the sources of Kubernetes.
//
//	features TABLE FOLDER...
//
// TABLE is docs/versions.md; a FOLDER holds pkg/features of one version, the newest first.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// gate is what a version of Kubernetes says of a feature gate.
type gate struct {
	// since is the first version that has it.
	since string
	// on is the first version in which it is on by default; "no" where there is none.
	on string
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: features TABLE FOLDER...")
		os.Exit(2)
	}
	table, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	gates := map[string]gate{}
	for _, folder := range os.Args[2:] {
		found, err := read(folder)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if len(found) == 0 {
			fmt.Fprintf(os.Stderr, "%s has no feature gate\n", folder)
			os.Exit(2)
		}
		for name, one := range found {
			if _, known := gates[name]; !known {
				gates[name] = one
			}
		}
	}
	passed, failed := compare(string(table), gates)
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

// compare holds each row of the table against the gates, and prints those that differ.
func compare(table string, gates map[string]gate) (passed, failed int) {
	for _, line := range strings.Split(table, "\n") {
		columns := strings.Split(line, "|")
		if len(columns) < 5 || strings.Contains(line, "---") || strings.Contains(line, "feature gate |") {
			continue
		}
		name := strings.TrimSpace(columns[1])
		said := gate{since: strings.TrimSpace(columns[3]), on: strings.TrimSpace(columns[4])}
		if found, known := gates[name]; !known {
			fmt.Printf("FAILED %s: no such gate\n", name)
			failed++
		} else if found != said {
			fmt.Printf("FAILED %s: since %s, on from %s; the table has %s and %s\n", name, found.since, found.on, said.since, said.on)
			failed++
		} else {
			passed++
		}
	}
	return passed, failed
}

// read returns the gates of one version: the entries `Name: {{Version: version.MustParse("1.28"), Default: false, …}, …}`.
func read(folder string) (map[string]gate, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	gates := map[string]gate{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			entry, ok := node.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, isName := entry.Key.(*ast.Ident)
			specs, isList := entry.Value.(*ast.CompositeLit)
			if isName && isList {
				if one, ok := ofSpecs(specs); ok {
					gates[key.Name] = one
				}
			}
			return true
		})
	}
	return gates, nil
}

// ofSpecs reads the versions of one gate.
func ofSpecs(specs *ast.CompositeLit) (gate, bool) {
	found := gate{on: "no"}
	for _, element := range specs.Elts {
		spec, ok := element.(*ast.CompositeLit)
		if !ok {
			return gate{}, false
		}
		version, on := "", false
		for _, field := range spec.Elts {
			field, ok := field.(*ast.KeyValueExpr)
			if !ok {
				return gate{}, false
			}
			switch name, _ := field.Key.(*ast.Ident); {
			case name == nil:
				return gate{}, false
			case name.Name == "Version":
				if call, ok := field.Value.(*ast.CallExpr); ok && len(call.Args) == 1 {
					if text, ok := call.Args[0].(*ast.BasicLit); ok {
						version = strings.Trim(text.Value, `"`)
					}
				}
			case name.Name == "Default":
				value, ok := field.Value.(*ast.Ident)
				on = ok && value.Name == "true"
			}
		}
		if version == "" {
			return gate{}, false
		}
		if found.since == "" {
			found.since = version
		}
		if on && found.on == "no" {
			found.on = version
		}
	}
	return found, found.since != ""
}
