"""The files with which a pod authenticates to the API server: `ca.crt` and a token that the kubelet renews.

The API server issues no token that expires in less than ten minutes. So each token is bound to a Secret. When
the Secret is deleted, the token becomes invalid within ten seconds, the time of the API server's cache.
"""

import base64
import ssl
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import yaml

from ocr_cluster.cluster import Cluster

_MOUNTED_AT = "/var/run/secrets/kubernetes.io/serviceaccount"
# With a private /run, so that nothing remains on the machine.
_IN_POD = (
    f'mount -t tmpfs none /run && mkdir -p {_MOUNTED_AT} && mount --bind "$0" {_MOUNTED_AT} && exec "$@"'
)


class PodIdentity:
    """The service account of a pod in a folder like the kubelet's: all files are replaced in one step."""

    def __init__(self, cluster: Cluster, namespace: str, account: str, folder: Path) -> None:
        self._cluster = cluster
        self._namespace_option = f"--namespace={namespace}"
        self._account = account
        self._folder = folder / f"serviceaccount-{uuid.uuid4().hex[:8]}"
        self._folder.mkdir()
        self._secret = ""
        self.rotate()
        for name in ("token", "ca.crt"):
            (self._folder / name).symlink_to(Path("..data") / name)

    def rotate(self) -> None:
        """Puts a new token into the folder; previous tokens remain valid."""
        self._secret = f"token-{uuid.uuid4().hex[:8]}"
        self._cluster.kubectl("create", "secret", "generic", self._secret, self._namespace_option)
        bound = ("--bound-object-kind=Secret", f"--bound-object-name={self._secret}")
        token = self._cluster.kubectl(
            "create", "token", self._account, self._namespace_option, *bound
        ).strip()
        version = self._folder / f"..{self._secret}"
        version.mkdir()
        (version / "token").write_text(token)
        (version / "ca.crt").write_bytes(self._authority())
        link = self._folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(self._folder / "..data")

    def rotate_and_expire(self) -> None:
        """The same; returns when the API server refuses the previous token."""
        secret, token = self._secret, (self._folder / "token").read_text()
        self.rotate()
        self._cluster.kubectl("delete", "secret", secret, self._namespace_option)
        self._cluster.wait(lambda: self._status(token) == 401, "the token to become invalid")

    def environment(self) -> dict[str, str]:
        """The variables by which a pod finds the API server."""
        host = str(self._cluster.record.addresses.node)
        return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "6443"}

    def command(self, *command: str | Path) -> list[str | Path]:
        """The command, wrapped so that it has the folder where a pod has it."""
        return ["unshare", "--mount", "sh", "-c", _IN_POD, self._folder, *command]

    def _authority(self) -> bytes:
        [cluster] = yaml.safe_load(self._cluster.kubeconfig.read_text("utf-8"))["clusters"]
        return base64.b64decode(cluster["cluster"]["certificate-authority-data"])

    def _status(self, token: str) -> int:
        """HTTP status of a request with the token."""
        request = urllib.request.Request(
            f"{self._cluster.server}/version", headers={"Authorization": f"Bearer {token}"}
        )
        context = ssl.create_default_context(cadata=self._authority().decode())
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as response:
                status: int = response.status
                return status
        except urllib.error.HTTPError as error:
            return error.code
