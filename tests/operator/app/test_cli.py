"""The command's words when it cannot begin."""

import socket
from pathlib import Path

import pytest
import yaml

from ocr_operator.app import cli

ARGUMENTS = ["--namespace=labs", "--image=cpu", "--gpu-image=gpu", "--lease=labs/operator", "--port=0"]


def _kubeconfig(server: str) -> str:
    cluster = {"name": "c", "cluster": {"server": server}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    found = {"apiVersion": "v1", "kind": "Config", "current-context": "c"}
    return yaml.safe_dump(found | {"clusters": [cluster], "contexts": [context], "users": [user]})


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    monkeypatch.setattr("kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    return path


def test_without_a_way_to_a_cluster_it_says_so(kubeconfig: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert cli.main(ARGUMENTS) == 1
    assert "neither a pod's service account nor a kubeconfig leads to a cluster" in caplog.text
    assert "Traceback" not in caplog.text


def test_an_api_server_that_does_not_answer_is_named(
    kubeconfig: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        kubeconfig.write_text(_kubeconfig(f"http://127.0.0.1:{taken.getsockname()[1]}"), "utf-8")
        assert cli.main(ARGUMENTS) == 1
    assert "the API server cannot be reached" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["--image=a", "--gpu-image=b", "--lease=a/b"], "one of the arguments", id="nowhere to watch"
        ),
        pytest.param([*ARGUMENTS, "--all-namespaces"], "not allowed with argument", id="here and everywhere"),
        pytest.param(["--all-namespaces"], "--image", id="no image"),
        pytest.param([*ARGUMENTS, "--lease=operator"], "is not NAMESPACE/NAME", id="a lease of nowhere"),
        pytest.param([*ARGUMENTS, "--backends=x"], "go together", id="backends that nobody owns"),
    ],
)
def test_a_wrong_command_line_is_explained(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
