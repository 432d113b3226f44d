"""Downloads official models with PaddleX: `python -m ocr_backend.hub_download FORM NAME...`.

`hub_models` runs it with the variables that tell PaddleX where to. A failure is told on standard output, in
one line that names the model, with exit status 1; progress goes to standard error.
"""

import os
import sys


def main(form: str, *names: str) -> int:
    """Exit status: 0 when the models are there, 1 when one could not be had."""
    told = os.dup(1)
    os.dup2(2, 1)  # the hubs' own clients print to standard output
    from paddlex.inference.utils.official_models import official_models

    for name in names:
        try:
            official_models.get_model_path(name, model_formats=(form,))
        except Exception as error:  # PaddleX raises bare Exceptions
            os.write(told, f"{name}: {' '.join(str(error).split())}".encode())
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
