// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package threadlock defines an Analyzer that reports calls of
// runtime.ThreadLocker.Lock that a return leaves without their Unlock.
package threadlock

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
)

const doc = `check that a ThreadLocker is unlocked on all paths

A goroutine that calls (*runtime.ThreadLocker).Lock stays on the thread, and so
keeps the thread from exiting, until it calls Unlock or ends. A function is
reported that can return between the two:

	l.Lock()
	if err := initialize(); err != nil {
		return err // l is still locked
	}
	l.Unlock()

It is not if it only locks, and leaves the ThreadLocker to others to unlock, nor
if it is what a go statement runs: when a goroutine ends, it is unlocked.`

var Analyzer = &analysis.Analyzer{
	Name:     "threadlock",
	Doc:      doc,
	Run:      run,
	Requires: []*analysis.Analyzer{inspect.Analyzer, ctrlflow.Analyzer},
}

// A place is a ThreadLocker as the source names it: a variable and the fields
// that lead from there.
type place struct {
	root   *types.Var
	fields string
}

func run(pass *analysis.Pass) (any, error) {
	if !imports(pass.Pkg, "runtime") {
		return nil, nil
	}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)

	// What go statements run may end with a hold.
	spawned := make(map[any]bool) // *ast.FuncLit or *types.Func
	in.Preorder([]ast.Node{(*ast.GoStmt)(nil), (*ast.CallExpr)(nil)}, func(n ast.Node) {
		var fun ast.Expr
		switch n := n.(type) {
		case *ast.GoStmt:
			fun = n.Call.Fun
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) != 1 {
				return
			}
			f, ok := pass.TypesInfo.Uses[sel.Sel].(*types.Func)
			if !ok || f.FullName() != "(*sync.WaitGroup).Go" {
				return
			}
			fun = n.Args[0]
		}
		switch fun := ast.Unparen(fun).(type) {
		case *ast.FuncLit:
			spawned[fun] = true
		case *ast.Ident:
			spawned[pass.TypesInfo.Uses[fun]] = true
		case *ast.SelectorExpr:
			spawned[pass.TypesInfo.Uses[fun.Sel]] = true
		}
	})

	cfgs := pass.ResultOf[ctrlflow.Analyzer].(*ctrlflow.CFGs)
	in.Preorder([]ast.Node{(*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)}, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.FuncDecl:
			isMain := n.Name.Name == "main" && n.Recv == nil && pass.Pkg.Name() == "main"
			if n.Body == nil || isMain || spawned[pass.TypesInfo.Defs[n.Name]] {
				return
			}
			checkFunc(pass, n.Body, func() *cfg.CFG { return cfgs.FuncDecl(n) })
		case *ast.FuncLit:
			if spawned[n] {
				return
			}
			checkFunc(pass, n.Body, func() *cfg.CFG { return cfgs.FuncLit(n) })
		}
	})
	return nil, nil
}

func imports(pkg *types.Package, path string) bool {
	return slices.ContainsFunc(pkg.Imports(), func(p *types.Package) bool { return p.Path() == path })
}

// A lock is a call of Lock.
type lock struct {
	call  *ast.CallExpr
	stmt  ast.Stmt // the call is all of it
	place place
	conds map[string]bool // conditions known at the call, and their values
	loop  ast.Node        // the innermost that it is in
}

// An unlock is a call of Unlock that is not deferred.
type unlock struct {
	call *ast.CallExpr
	loop ast.Node
}

func checkFunc(pass *analysis.Pass, body *ast.BlockStmt, graph func() *cfg.CFG) {
	var locks []lock
	unlocks := make(map[place][]unlock)
	deferred := make(map[place]token.Pos) // the first defer statement that releases it
	var loop ast.Node
	var conds map[string]bool                   // of the enclosing if statements; not changed but replaced
	var visit func(n ast.Node, parent ast.Node) // in the function, not in those inside it
	visit = func(n, parent ast.Node) {
		switch n := n.(type) {
		case *ast.FuncLit:
			return
		case *ast.IfStmt:
			if n.Init != nil {
				visit(n.Init, n)
			}
			visit(n.Cond, n)
			outer := conds
			conds = with(outer, types.ExprString(n.Cond), true)
			visit(n.Body, n)
			if n.Else != nil {
				conds = with(outer, types.ExprString(n.Cond), false)
				visit(n.Else, n)
			}
			conds = outer
			return
		case *ast.DeferStmt:
			for p := range releases(pass, n) {
				if _, ok := deferred[p]; !ok {
					deferred[p] = n.Pos()
				}
			}
			return
		case *ast.ForStmt, *ast.RangeStmt:
			outer := loop
			loop = n
			children(n, visit)
			loop = outer
			return
		case *ast.CallExpr:
			p, method := lockerCall(pass, n.Fun)
			stmt, _ := parent.(*ast.ExprStmt)
			switch {
			case method == "Lock" && stmt != nil:
				locks = append(locks, lock{n, stmt, p, conds, loop})
			case method == "Unlock":
				unlocks[p] = append(unlocks[p], unlock{n, loop})
			}
		}
		children(n, visit)
	}
	children(body, visit)

	for _, l := range locks {
		// Whoever has no Unlock of a ThreadLocker that others know leaves that
		// to them.
		declared := l.place.root.Pos()
		local := body.Pos() <= declared && declared < body.End() && l.place.fields == ""
		pos, isDeferred := deferred[l.place]
		switch us := unlocks[l.place]; {
		case us == nil && !isDeferred && !local:
			continue
		case isDeferred && pos < l.call.Pos():
			continue
		case us != nil && us[0].call.Pos() < l.call.Pos() && !lockedBefore(locks, l.place, us[0].call.Pos()):
			continue // a hold of the caller's is given up and taken again
		case slices.ContainsFunc(us, func(u unlock) bool {
			return l.loop != nil && u.loop != nil && !encloses(l.loop, u.call) && !encloses(u.loop, l.call)
		}):
			continue // one loop locks as often as another unlocks
		}
		ret := leak(pass, graph(), l)
		if ret == nil {
			continue
		}
		name := types.ExprString(l.call.Fun.(*ast.SelectorExpr).X)
		pass.ReportRangef(l.call, "%s is not unlocked on all paths (the goroutine stays on its thread)", name)
		pos, end := ret.Pos(), ret.End()
		if pass.Fset.File(pos) != pass.Fset.File(end) {
			end = pos // an implicit return ends beyond the file
		}
		pass.Report(analysis.Diagnostic{
			Pos: pos,
			End: end,
			Message: fmt.Sprintf("this return statement may be reached without unlocking %s, which is locked on line %d",
				name, pass.Fset.Position(l.call.Pos()).Line),
		})
	}
}

// with returns a copy of m in which k has the value v.
func with(m map[string]bool, k string, v bool) map[string]bool {
	m = maps.Clone(m)
	if m == nil {
		m = make(map[string]bool)
	}
	m[k] = v
	return m
}

func lockedBefore(locks []lock, p place, pos token.Pos) bool {
	return slices.ContainsFunc(locks, func(l lock) bool { return l.place == p && l.call.Pos() < pos })
}

func encloses(outer, inner ast.Node) bool {
	return outer.Pos() <= inner.Pos() && inner.End() <= outer.End()
}

// children calls visit for the children of n.
func children(n ast.Node, visit func(n, parent ast.Node)) {
	ast.Inspect(n, func(m ast.Node) bool {
		if m == nil || m == n {
			return m == n
		}
		visit(m, n)
		return false
	})
}

// lockerCall returns the ThreadLocker and the name of its method, if that is
// what e selects and the ThreadLocker has a place.
func lockerCall(pass *analysis.Pass, e ast.Expr) (p place, method string) {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return place{}, ""
	}
	f, ok := pass.TypesInfo.Uses[sel.Sel].(*types.Func)
	if !ok || f.FullName() != "(*runtime.ThreadLocker)."+f.Name() {
		return place{}, ""
	}
	p, ok = placeOf(pass, sel.X)
	if !ok {
		return place{}, ""
	}
	return p, f.Name()
}

// placeOf returns the place that e names.
func placeOf(pass *analysis.Pass, e ast.Expr) (place, bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, ok := pass.TypesInfo.Uses[e].(*types.Var)
		return place{root: v}, ok
	case *ast.StarExpr:
		return placeOf(pass, e.X)
	case *ast.SelectorExpr:
		v, ok := pass.TypesInfo.Uses[e.Sel].(*types.Var)
		if !ok {
			return place{}, false
		}
		if !v.IsField() {
			return place{root: v}, true // of another package
		}
		p, ok := placeOf(pass, e.X)
		p.fields += "." + v.Name()
		return p, ok
	}
	return place{}, false
}

// releases returns the places that n, with the functions inside it, unlocks.
func releases(pass *analysis.Pass, n ast.Node) map[place]bool {
	found := make(map[place]bool)
	ast.Inspect(n, func(n ast.Node) bool {
		if e, ok := n.(*ast.SelectorExpr); ok {
			if p, method := lockerCall(pass, e); method == "Unlock" {
				found[p] = true
			}
		}
		return true
	})
	return found
}

// handsOver reports whether n may pass the ThreadLocker at p, or what holds it,
// on to others, who may unlock it.
func handsOver(pass *analysis.Pass, n ast.Node, p place) bool {
	found := false
	var visit func(n, parent ast.Node)
	visit = func(n, parent ast.Node) {
		if e, ok := n.(ast.Expr); ok {
			if q, ok := placeOf(pass, e); ok && q.root == p.root {
				sel, _ := parent.(*ast.SelectorExpr)
				var isField, isLock bool
				if sel != nil && sel.X == e {
					v, ok := pass.TypesInfo.Uses[sel.Sel].(*types.Var)
					isField = ok && v.IsField()
					_, method := lockerCall(pass, sel)
					isLock = method == "Lock"
				}
				if !isField && !isLock && (q == p || strings.HasPrefix(p.fields, q.fields+".")) {
					found = true
				}
			}
		}
		if !found {
			children(n, visit)
		}
	}
	visit(n, nil)
	return found
}

// leak returns a return statement (an implicit one, too) that can be reached
// from l without an Unlock, or nil.
func leak(pass *analysis.Pass, g *cfg.CFG, l lock) *ast.ReturnStmt {
	released := func(nodes []ast.Node) bool {
		return slices.ContainsFunc(nodes, func(n ast.Node) bool {
			return releases(pass, n)[l.place] || handsOver(pass, n, l.place)
		})
	}
	var start *cfg.Block
	for _, b := range g.Blocks {
		// A statement of nothing but a call is in the block as it is.
		if i := slices.IndexFunc(b.Nodes, func(n ast.Node) bool { return n == ast.Node(l.stmt) || n == ast.Node(l.call) }); i >= 0 {
			if released(b.Nodes[i+1:]) {
				return nil
			}
			start = b
			break
		}
	}
	if start == nil {
		return nil // unreachable
	}
	if ret := start.Return(); ret != nil {
		return ret
	}
	seen := make(map[*cfg.Block]bool)
	var search func(from *cfg.Block) *ast.ReturnStmt
	search = func(from *cfg.Block) *ast.ReturnStmt {
		succs := from.Succs
		if len(succs) == 2 && len(from.Nodes) > 0 {
			// What held at the Lock is taken to hold still.
			if cond, ok := from.Nodes[len(from.Nodes)-1].(ast.Expr); ok {
				if v, ok := l.conds[types.ExprString(cond)]; ok {
					if v {
						succs = succs[:1]
					} else {
						succs = succs[1:]
					}
				}
			}
		}
		for _, b := range succs {
			if seen[b] {
				continue
			}
			seen[b] = true
			if released(b.Nodes) {
				continue
			}
			if ret := b.Return(); ret != nil {
				return ret
			}
			if ret := search(b); ret != nil {
				return ret
			}
		}
		return nil
	}
	return search(start)
}
