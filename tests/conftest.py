"""Real clusters for whichever test asks for one."""

pytest_plugins = ["ocr_cluster.fixtures"]
