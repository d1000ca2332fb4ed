module gtkwindow

go 1.26
