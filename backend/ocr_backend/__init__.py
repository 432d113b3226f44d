"""OCR predictions for Label Studio: the ML backend that reads images with PaddleOCR models."""

import os

# onnxruntime 1.32 reports to its makers from when it is imported (its Privacy.md), also where no network is
# to be used. Whoever wants that sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
