module ocrbackend.io/tests/cluster/node

go 1.26.0
