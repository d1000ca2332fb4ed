module distdiff

go 1.26
