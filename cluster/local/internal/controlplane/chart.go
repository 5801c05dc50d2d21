// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
)

// chartTemplates are the parts of Crossplane's Helm chart that matter where there are no pods, in order of need.
func chartTemplates() []string {
	return []string{
		"serviceaccount.yaml",
		"clusterrole.yaml",
		"clusterrolebinding.yaml",
		"rbac-manager-serviceaccount.yaml",
		"rbac-manager-clusterrole.yaml",
		"rbac-manager-clusterrolebinding.yaml",
		"rbac-manager-allowed-provider-permissions.yaml",
		"rbac-manager-managed-clusterroles.yaml",
	}
}

// renderChart returns Crossplane's namespace and the objects of the chart's templates with the chart's own values. The
// templates use so little of Helm that a template engine with a few functions renders them.
func renderChart(dir string) ([]unstructured.Unstructured, error) {
	t := template.New("chart")
	t.Funcs(chartFuncs(t))

	files := []string{filepath.Join(dir, "templates", "_helpers.tpl")}
	for _, name := range chartTemplates() {
		files = append(files, filepath.Join(dir, "templates", name))
	}

	if _, err := t.ParseFiles(files...); err != nil {
		return nil, fmt.Errorf("cannot parse chart: %w", err)
	}

	values, err := chartValues(dir)
	if err != nil {
		return nil, err
	}

	ns := unstructured.Unstructured{}
	ns.SetAPIVersion("v1")
	ns.SetKind("Namespace")
	ns.SetName(kube.Namespace)

	objects := []unstructured.Unstructured{ns}

	for _, name := range chartTemplates() {
		out := &bytes.Buffer{}
		if err := t.ExecuteTemplate(out, name, values); err != nil {
			return nil, fmt.Errorf("cannot render chart: %w", err)
		}

		decoded, err := decode(out)
		if err != nil {
			return nil, fmt.Errorf("cannot decode %s of chart: %w", name, err)
		}

		objects = append(objects, decoded...)
	}

	return objects, nil
}

func chartValues(dir string) (map[string]any, error) {
	values := map[string]any{}
	chart := map[string]any{}

	for file, into := range map[string]*map[string]any{"values.yaml": &values, "Chart.yaml": &chart} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, fmt.Errorf("cannot read chart: %w", err)
		}

		if err := sigsyaml.Unmarshal(b, into); err != nil {
			return nil, fmt.Errorf("cannot decode %s of chart: %w", file, err)
		}
	}

	return map[string]any{
		"Values":  values,
		"Chart":   map[string]any{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
		"Release": map[string]any{"Name": "crossplane", "Namespace": kube.Namespace, "Service": "virtrigaud-local"},
	}, nil
}

// chartFuncs are those of Helm's functions that the templates use.
func chartFuncs(t *template.Template) template.FuncMap {
	indent := func(n int, s string) string {
		pad := strings.Repeat(" ", n)

		return pad + strings.ReplaceAll(s, "\n", "\n"+pad)
	}

	return template.FuncMap{
		"include": func(name string, data any) (string, error) {
			out := &strings.Builder{}
			err := t.ExecuteTemplate(out, name, data)

			return out.String(), err
		},
		"default": func(fallback, v any) any {
			if v == nil || v == "" {
				return fallback
			}

			return v
		},
		"trunc":      func(n int, s string) string { return s[:min(n, len(s))] },
		"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
		"replace":    func(from, to, s string) string { return strings.ReplaceAll(s, from, to) },
		"quote":      func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) },
		"indent":     indent,
		"nindent":    func(n int, s string) string { return "\n" + indent(n, s) },
		"toYaml": func(v any) (string, error) {
			b, err := sigsyaml.Marshal(v)

			return strings.TrimSuffix(string(b), "\n"), err
		},
	}
}

func decode(r io.Reader) ([]unstructured.Unstructured, error) {
	var objects []unstructured.Unstructured

	const bufferSize = 4096

	for d := yaml.NewYAMLOrJSONDecoder(r, bufferSize); ; {
		o := unstructured.Unstructured{}

		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}

		if err != nil {
			return nil, err
		}

		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}
