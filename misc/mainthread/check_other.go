//go:build goexperiment.threadlocker && !linux

package mainthread

func check() {}
