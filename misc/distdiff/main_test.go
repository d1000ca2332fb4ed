// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	base = `some text that is not JSON
{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestOne"}
{"Action":"pass","Package":"a","Test":"TestOne"}
{"Action":"skip","Package":"a","Test":"TestTwo"}
{"Action":"pass","Package":"a"}
{"Action":"fail","Package":"a:race","Test":"TestOne"}
{"Action":"fail","Package":"a:race"}
`
	more = `{"Action":"pass","Package":"a","Test":"TestNew"}
`
)

func TestDiff(t *testing.T) {
	for _, test := range []struct {
		name, other, explained string
		same                   bool
		want, wantErr          string
	}{
		{name: "same", other: base, same: true, want: "other: 2 passed, 2 failed, 1 skipped\n"},
		{name: "new", other: base + more, same: true, want: "not in base: 1 passed, 0 failed, 0 skipped\n"},
		{
			name:  "a pointer in the name",
			other: base + strings.Replace(more, "TestNew", "TestNew/As(nil,_0xc000012340)", 1) + "\n" + strings.Replace(more, "TestNew", "TestNew/As(nil,_0xc000056780)", 1),
			same:  true,
			want:  "not in base: 1 passed, 0 failed, 0 skipped\n",
		},
		{
			name:  "constants in names",
			other: base + strings.Replace(more, "TestNew", "TestNew/0x7f7f7f7f", 1) + "\n" + strings.Replace(more, "TestNew", "TestNew/0x80808080", 1),
			same:  true,
			want:  "not in base: 2 passed, 0 failed, 0 skipped\n",
		},
		{
			name:      "only skips come and go",
			other:     strings.Replace(base, `"pass","Package":"a","Test"`, `"fail","Package":"a","Test"`, 1),
			explained: "? a TestOne: a reason\n",
			want:      "a TestOne: fail, was pass: not explained\n",
		},
		{
			name:  "new fails",
			other: base + strings.Replace(more, "pass", "fail", 1),
			want:  "a TestNew: fail, was not run: not explained\n",
		},
		{
			name:  "fails",
			other: strings.Replace(base, `"pass","Package":"a","Test"`, `"fail","Package":"a","Test"`, 1),
			want:  "a TestOne: fail, was pass: not explained\n",
		},
		{
			name:  "twice",
			other: base + `{"Action":"fail","Package":"a","Test":"TestOne"}` + "\n" + `{"Action":"pass","Package":"a","Test":"TestOne"}`,
			want:  "a TestOne: fail, was pass: not explained\n",
		},
		{
			name:  "skips",
			other: strings.Replace(base, `"pass","Package":"a","Test"`, `"skip","Package":"a","Test"`, 1),
			want:  "a TestOne: skip, was pass: not explained\n",
		},
		{
			name:  "not run",
			other: strings.Replace(base, `{"Action":"skip","Package":"a","Test":"TestTwo"}`, "", 1),
			want:  "a TestTwo: not run, was skip: not explained\n",
		},
		{
			name:      "explained",
			other:     strings.ReplaceAll(base, `"fail"`, `"pass"`),
			explained: "# a comment\n\na:race( TestOne)?: it is flaky\n",
			same:      true,
			want:      "a:race TestOne: pass, was fail: it is flaky\n",
		},
		{name: "comes and goes", other: base, explained: "? a TestOne: a reason\n", same: true, want: "no differences"},
		{
			name:      "comes",
			other:     strings.Replace(base, `"pass","Package":"a","Test"`, `"skip","Package":"a","Test"`, 1),
			explained: "? a TestOne: a reason\n",
			same:      true,
			want:      "a TestOne: skip, was pass: a reason\n",
		},
		{name: "explains nothing", other: base, explained: "a TestOne: no reason\n", want: "explains nothing: "},
		{name: "no reason", other: base, explained: "a TestOne\n", wantErr: "explained:1: want a regular expression"},
		{name: "bad expression", other: base, explained: "(: because\n", wantErr: "explained:1: error parsing regexp"},
		{name: "no run", other: "go: no such tool\n", wantErr: "no test has ended"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, data string) string {
				file := filepath.Join(dir, name)
				if err := os.WriteFile(file, []byte(data), 0o666); err != nil {
					t.Fatal(err)
				}
				return file
			}
			explained := ""
			if test.explained != "" {
				explained = write("explained", test.explained)
			}
			var out bytes.Buffer
			same, err := diff(&out, explained, []string{write("base.json", base), write("other.json", test.other)})
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("error %v, want one that contains %q", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if same != test.same || !strings.Contains(out.String(), test.want) {
				t.Errorf("same %v, output:\n%s\nwant same %v, and %q in the output", same, out.String(), test.same, test.want)
			}
		})
	}
}
