module mainthread

go 1.26
