"""The command line of the demo: `python -m ocr_demo [--cluster own|current]`. `make demo` calls it."""

import argparse
import sys

from ocr_cluster.errors import ClusterError
from ocr_demo.clusters import DemoError
from ocr_demo.local import read_locally
from ocr_demo.on_cluster import read_on_cluster


def main() -> int:
    """Runs both parts of the demo. Exit status: 0 if both have read the image, 1 after an error message."""
    parser = argparse.ArgumentParser(
        prog="make demo", description="Reads an image on this machine and on a cluster."
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
