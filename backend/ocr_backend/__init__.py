"""OCR predictions for Label Studio: the ML backend that reads images with PaddleOCR models."""

import os

# onnxruntime 1.32 sends telemetry once it is imported (its Privacy.md), even offline. Set the
# variable to 0 to allow it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
