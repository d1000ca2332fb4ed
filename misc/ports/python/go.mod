module pythonthread

go 1.26
