//go:build !goexperiment.threadlocker

package main

var withThreadLocker, withLockToRecv func(client func(pair))
