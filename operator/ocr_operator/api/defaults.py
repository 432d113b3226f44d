"""Defaults of the spec's own fields: the CRD publishes them, and `spec_parser` applies them.

Fields that are settings of the backend take their default from the backend: see `settings_fields`.
"""

REPLICAS = 1

AUTOSCALING_MODE = "CPU"
MIN_REPLICAS = 1
TARGET_CPU_UTILIZATION = 80
"""Percent of the requested CPU."""
TARGET_QUEUE_LENGTH = 1
"""Images that wait for each inference slot."""

ACCELERATOR_COUNT = 1

STORAGE_SIZE = "5Gi"
ACCESS_MODE = "ReadWriteOnce"
RECLAIM_POLICY = "Delete"

SERVICE_MONITOR = "Never"
SCRAPE_INTERVAL_SECONDS = 30

SURGE = "Auto"
PROGRESS_DEADLINE_SECONDS = 900
MAX_PARALLEL_VARIANTS = 1
AUTO_ROLLBACK = True
