"""`ocr-backend doctor`: looks at everything around a backend and says what is wrong and what to do."""
