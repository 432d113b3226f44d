"""`ocr-backend serve` with new tasks: what is missing is reported before the server starts."""

import pytest

from ocr_backend.commands.serve import start_server

TOKEN = {"LABEL_STUDIO_URL": "http://label-studio", "LABEL_STUDIO_API_KEY": "secret"}


@pytest.mark.parametrize("missing", TOKEN)
def test_reading_new_tasks_needs_a_token_and_a_url(missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    variables = {name: value for name, value in TOKEN.items() if name != missing}
    with pytest.raises(SystemExit) as ended:
        start_server({"OCR_READ_NEW_TASKS": "true", **variables})
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("ocr-backend serve: OCR_READ_NEW_TASKS: set LABEL_STUDIO_URL")
    assert "secret" not in message
