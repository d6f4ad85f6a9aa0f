package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/source"
)

func BenchmarkParse(b *testing.B) {
	var yaml, json strings.Builder
	yaml.WriteString("_format_version: \"3.0\"\nservices:\n")
	json.WriteString(`{"_format_version":"3.0","services":[`)
	for i := range 1000 {
		fmt.Fprintf(&yaml, "- name: s%d\n  url: http://127.0.0.1:8780/base\n  routes:\n", i)
		fmt.Fprintf(&json, `%s{"name":"s%d","url":"http://127.0.0.1:8780/base","routes":[`, strings.Repeat(",", min(i, 1)), i)
		for j := range 10 {
			fmt.Fprintf(&yaml, "  - name: r%d-%d\n    paths: [/a/%d/%d]\n    hosts: [h%d.test]\n", i, j, i, j, i)
			fmt.Fprintf(&json, `%s{"name":"r%d-%d","paths":["/a/%d/%d"],"hosts":["h%d.test"]}`, strings.Repeat(",", min(j, 1)), i, j, i, j, i)
		}
		json.WriteString("]}")
	}
	json.WriteString("]}")
	for name, text := range map[string]string{"yaml": yaml.String(), "json": json.String()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := source.Parse([]byte(text), options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
