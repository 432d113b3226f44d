"""Files of Go modules: downloaded once, by Go."""

import json
import subprocess
from pathlib import Path


def module_folder(module: str, checksum: str) -> Path:
    """The folder of `PATH@VERSION`; raises `RuntimeError` if its content has another checksum."""
    result = subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, text=True)
    downloaded = json.loads(result.stdout or "{}")
    if downloaded.get("Sum") != checksum:
        raise RuntimeError(f"{module} cannot be downloaded: {downloaded or result.stderr}")
    return Path(downloaded["Dir"])
