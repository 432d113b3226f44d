"""Entry of `python -m ocr_cluster`."""

from ocr_cluster.cli import main

raise SystemExit(main())
