"""The cluster's certificates, keys and kubeconfigs. `configuration` lists the identities."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import trustme
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROXY = "front-proxy"
"""As which the API server forwards requests to other API servers, with the names of their users."""


@dataclass(frozen=True)
class Identity:
    """The owner of a certificate: a Kubernetes user, its group, and the addresses that it may serve."""

    user: str
    group: str = "ocr-cluster"
    addresses: tuple[str, ...] = ()


def write(folder: Path, identities: dict[str, Identity]) -> None:
    """Writes ca.crt, ca.key, sa.key, sa.pub and NAME.crt, NAME.key for each identity.

    Also those of `PROXY`, from an authority of its own: PROXY.crt, PROXY.key, PROXY-ca.crt.
    """
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    authority.private_key_pem.write_to_path(str(folder / "ca.key"))
    for name, identity in identities.items():
        _write_identity(folder, authority, name, identity)
    proxy_authority = trustme.CA()
    proxy_authority.cert_pem.write_to_path(str(folder / f"{PROXY}-ca.crt"))
    _write_identity(folder, proxy_authority, PROXY, Identity(PROXY))
    _write_service_account_keys(folder)


def kubeconfig(server: str, folder: Path, name: str) -> str:
    """Kubeconfig of one identity, with everything embedded, so that the file can be copied."""
    user = {
        "client-certificate-data": _base64(folder / f"{name}.crt"),
        "client-key-data": _base64(folder / f"{name}.key"),
    }
    cluster = {"server": server, "certificate-authority-data": _base64(folder / "ca.crt")}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "ocr", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "ocr", "context": {"cluster": "ocr", "user": name}}],
            "current-context": "ocr",
        }
    )


def _write_identity(folder: Path, authority: trustme.CA, name: str, identity: Identity) -> None:
    # Without names, the certificate would get a critical extension that Go refuses.
    certificate = authority.issue_cert(
        *(identity.addresses or (name,)), organization_name=identity.group, common_name=identity.user
    )
    certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
    _write_chain(folder / f"{name}.crt", certificate.cert_chain_pems)


def _write_chain(path: Path, blobs: Iterable[trustme.Blob]) -> None:
    path.write_bytes(b"".join(blob.bytes() for blob in blobs))


def _write_service_account_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "sa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key()
    (folder / "sa.pub").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
