"""Fixtures of real clusters, readers and models; the number of generated cases."""

from hypothesis import settings

from generated_cases import cases

pytest_plugins = ["ocr_cluster.fixtures", "real_models"]

settings.register_profile("cases", max_examples=cases(100))
settings.load_profile("cases")
