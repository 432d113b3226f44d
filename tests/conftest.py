"""Real clusters, readers and models for whichever test asks for one."""

pytest_plugins = ["ocr_cluster.fixtures", "real_models"]
