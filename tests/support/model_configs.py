"""Changes the inference.yml of model folders in tests; knows no model."""

import json
from pathlib import Path
from typing import Any


def read_config(folder: Path) -> dict[str, Any]:
    """The description of a model folder that was written as JSON."""
    config: dict[str, Any] = json.loads((folder / "inference.yml").read_text("utf-8"))
    return config


def change_config(folder: Path, **sections: Any) -> None:
    """Replaces sections of a model folder's description; None removes one."""
    config = {
        name: section for name, section in (read_config(folder) | sections).items() if section is not None
    }
    (folder / "inference.yml").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
