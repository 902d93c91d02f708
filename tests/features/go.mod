module podgate.dev/podgate/tests/features

go 1.24
