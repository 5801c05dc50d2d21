// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// A Var is one environment variable.
type Var struct {
	Name  string
	Value string
}

// WriteEnv writes variables so that a POSIX shell can source the file.
func WriteEnv(path string, vars []Var) error {
	var b bytes.Buffer

	b.WriteString("# Written by make up. Use: . " + path + "\n")

	for _, v := range vars {
		fmt.Fprintf(&b, "export %s=%s\n", v.Name, quote(v.Value))
	}

	return WriteFile(path, b.Bytes())
}

// ReadEnv reads a file of NAME=value lines as WriteEnv writes them, with or without export and single quotes.
func ReadEnv(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read environment: %w", err)
	}

	out := map[string]string{}

	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		line := strings.TrimPrefix(strings.TrimSpace(s.Text()), "export ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}

		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("cannot read environment: %q is not NAME=value", line)
		}

		out[name] = unquote(value)
	}

	return out, nil
}

// quote leaves plain values bare, so that the file also suits readers that know no quotes.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:.,_+=@%-?", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}

	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func unquote(s string) string {
	if len(s) < 2 {
		return s
	}

	if s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}

	if s[0] != '\'' || s[len(s)-1] != '\'' {
		return s
	}

	return strings.ReplaceAll(s[1:len(s)-1], `'\''`, "'")
}
