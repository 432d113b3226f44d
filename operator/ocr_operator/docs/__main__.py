"""Writes the generated files of the chart and the manual: `make generate`."""

from ocr_operator.docs import generated_files

if __name__ == "__main__":
    for path, content in generated_files.contents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
