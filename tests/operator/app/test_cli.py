"""What the command reports if it cannot start."""

import socket
from pathlib import Path

import pytest
import yaml

from ocr_operator.app import cli

ARGUMENTS = [
    "--namespace=labs",
    "--image=cpu",
    "--paddle-image=paddle",
    "--gpu-image=gpu",
    "--lease=labs/operator",
    "--port=0",
]


def _kubeconfig(server: str) -> str:
    cluster = {"name": "c", "cluster": {"server": server}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "c"}
    return yaml.safe_dump(config | {"clusters": [cluster], "contexts": [context], "users": [user]})


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    monkeypatch.setattr("kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    return path


def test_a_missing_cluster_configuration_is_reported(
    kubeconfig: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(ARGUMENTS) == 1
    assert "neither a pod's service account nor a kubeconfig" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_unreachable_api_server_is_reported(kubeconfig: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # it does not listen
        kubeconfig.write_text(_kubeconfig(f"http://127.0.0.1:{closed.getsockname()[1]}"), "utf-8")
        assert cli.main(ARGUMENTS) == 1
    assert "the API server is unreachable" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--image=a", "--paddle-image=b", "--gpu-image=c", "--lease=a/b"],
            "one of the arguments",
            id="nothing to watch",
        ),
        pytest.param(
            [*ARGUMENTS, "--all-namespaces"], "not allowed with argument", id="one namespace and all"
        ),
        pytest.param(["--all-namespaces"], "--image", id="no image"),
        pytest.param(
            [*ARGUMENTS, "--lease=operator"], "is not NAMESPACE/NAME", id="lease without a namespace"
        ),
        pytest.param([*ARGUMENTS, "--backends=x"], "must be given together", id="backends without an owner"),
    ],
)
def test_an_invalid_command_line_is_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_error:
        cli.main(arguments)
    assert exit_error.value.code == 2
    assert message in capsys.readouterr().err
