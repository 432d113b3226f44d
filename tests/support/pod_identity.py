"""What a kubelet mounts into a pod so that it can ask the API server: `ca.crt` and a token that it renews.

An API server makes no token that is valid for less than ten minutes. So these are bound to a Secret each, and
end with it: within ten seconds, for which the API server remembers whom it knows.
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
# A /run of its own, so that the folder leaves nothing on the machine.
_IN_POD = (
    f'mount -t tmpfs none /run && mkdir -p {_MOUNTED_AT} && mount --bind "$0" {_MOUNTED_AT} && exec "$@"'
)


class PodIdentity:
    """The service account of a pod, in a folder as the kubelet fills it: token and all switch in one step."""

    def __init__(self, cluster: Cluster, namespace: str, account: str, folder: Path) -> None:
        self._cluster = cluster
        self._where = f"--namespace={namespace}"
        self._account = account
        self._folder = folder / f"serviceaccount-{uuid.uuid4().hex[:8]}"
        self._folder.mkdir()
        self._secret = ""
        self.rotate()
        for name in ("token", "ca.crt"):
            (self._folder / name).symlink_to(Path("..data") / name)

    def rotate(self) -> None:
        """Has the folder hold a new token; those of before stay valid."""
        self._secret = f"token-{uuid.uuid4().hex[:8]}"
        self._cluster.kubectl("create", "secret", "generic", self._secret, self._where)
        bound = ("--bound-object-kind=Secret", f"--bound-object-name={self._secret}")
        token = self._cluster.kubectl("create", "token", self._account, self._where, *bound).strip()
        there = self._folder / f"..{self._secret}"
        there.mkdir()
        (there / "token").write_text(token)
        (there / "ca.crt").write_bytes(self._authority())
        new = self._folder / "..data_tmp"
        new.symlink_to(there.name)
        new.rename(self._folder / "..data")

    def rotate_and_expire(self) -> None:
        """The same, and returns once the API server refuses the token of before."""
        secret, token = self._secret, (self._folder / "token").read_text()
        self.rotate()
        self._cluster.kubectl("delete", "secret", secret, self._where)
        self._cluster.wait(lambda: self._status(token) == 401, "the token to end")

    def environment(self) -> dict[str, str]:
        """Where a pod looks for the API server."""
        host = str(self._cluster.record.addresses.node)
        return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "6443"}

    def command(self, *command: str | Path) -> list[str | Path]:
        """The command, made to see the folder where a pod does."""
        return ["unshare", "--mount", "sh", "-c", _IN_POD, self._folder, *command]

    def _authority(self) -> bytes:
        [cluster] = yaml.safe_load(self._cluster.kubeconfig.read_text("utf-8"))["clusters"]
        return base64.b64decode(cluster["cluster"]["certificate-authority-data"])

    def _status(self, token: str) -> int:
        """HTTP status of a request with the token."""
        asked = urllib.request.Request(
            f"{self._cluster.server}/version", headers={"Authorization": f"Bearer {token}"}
        )
        trusting = ssl.create_default_context(cadata=self._authority().decode())
        try:
            with urllib.request.urlopen(asked, timeout=10, context=trusting) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            return error.code
