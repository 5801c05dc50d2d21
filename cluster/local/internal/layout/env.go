// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"bytes"
	"fmt"
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
