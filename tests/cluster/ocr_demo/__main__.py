"""Command line of the demo: `python -m ocr_demo [--cluster own|current]`, called by `make demo`."""

import argparse
import sys

from ocr_cluster.errors import ClusterError
from ocr_demo.clusters import DemoError
from ocr_demo.local import read_locally
from ocr_demo.on_cluster import read_on_cluster


def main() -> int:
    """Runs both halves of the demo; 0 when both have read the image, 1 with one sentence otherwise."""
    parser = argparse.ArgumentParser(
        prog="make demo", description="Reads an image, locally and on a cluster."
    )
    parser.add_argument("--cluster", choices=["own", "current"], default="own")
    arguments = parser.parse_args()
    try:
        read_locally()
        read_on_cluster(current=arguments.cluster == "current")
    except (DemoError, ClusterError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
