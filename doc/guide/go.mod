module guide

go 1.26
