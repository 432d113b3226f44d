"""Writes the chart's alerts and dashboards and the generated parts of docs/monitoring.md: `make generate`."""

from ocr_operator.monitoring import files

if __name__ == "__main__":
    for path, content in files.contents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
