module apps

go 1.26

require mainthread v0.0.0

replace mainthread => ..
