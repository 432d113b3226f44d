"""The models: their folder, whether they are whole, room for more, and, if wanted, whether they read."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ocr_backend.commands.doctor.findings import Finding, bad, good, skipped, warning
from ocr_backend.config.settings import Settings
from ocr_backend.errors import GoldenSampleError
from ocr_backend.models import custom_models, golden_sample, manifests, model_folder
from ocr_backend.models.hub import model_store
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr import engine_factory

_ROOM = 2**30  # bytes; a guess: the official models of one language take about 200 MB (server)
_MIB = 2**20
_MISSING = "is not there yet"


def folder(settings: Settings) -> Iterator[Finding]:
    """Whether MODEL_DIR can be used as the source of the models wants it."""
    root = Path(settings.model_dir)
    user = f"user {os.getuid()}"
    nearest = _nearest(root)
    if settings.model_source == "builtin":
        yield skipped("MODEL_DIR", "not needed: OCR_MODEL_SOURCE=builtin")
    elif nearest == root and not os.access(root, os.R_OK | os.X_OK):
        yield bad("MODEL_DIR", f"{root} cannot be read by {user}", f"let {user} read it")
    elif settings.model_source == "dir":
        yield (
            good("MODEL_DIR", f"{root} can be read")
            if root.is_dir()
            else bad("MODEL_DIR", f"{root} is no folder", "mount the models there, or set MODEL_DIR")
        )
    elif nearest.is_dir() and os.access(nearest, os.W_OK):
        yield _writable(root)
    elif not _is_to_fetch(settings):
        yield good("MODEL_DIR", f"{root} can be read, not written, which is enough: all models are there")
    else:
        yield bad(
            "MODEL_DIR",
            f"{user} cannot write {root}, and models are to be fetched into it",
            "set MODEL_DIR to a folder that can be written, or put them there and set OCR_MODEL_SOURCE=dir",
        )


def _writable(root: Path) -> Finding:
    if model_store.places_of_staging(root) and not model_store.is_fetching(root):
        said = f"{root} holds what a fetch left half-way"
        return warning("MODEL_DIR", said, "nothing: the next fetch of the same model goes on with it")
    return good("MODEL_DIR", f"{root} can be {'read and written' if root.is_dir() else 'made'}")


def _nearest(root: Path) -> Path:
    """The folder, or the one above it in which it would be made."""
    return next(place for place in (root, *root.absolute().parents) if place.exists())


def whole(settings: Settings) -> Iterator[Finding]:
    """Each model that the settings need, without loading it."""
    if settings.model_source == "builtin":
        yield _builtin(settings)
        return
    unvouched = _unvouched(settings)
    for name, faults in _faults(settings).items():
        if not faults and name in unvouched:
            yield _unknown(name, unvouched[name], settings)
        elif not faults:
            yield good("models", f"{name} is whole")
        elif faults == [_MISSING] and settings.model_source == "hub":
            yield warning(
                "models",
                f"{name} {_MISSING}",
                "`ocr-backend models fetch` brings it now, else the first start",
            )
        else:
            yield bad("models", f"{name} {'; '.join(faults)}", "put the whole official folder there")


def _unvouched(settings: Settings) -> dict[str, Path]:
    """Official name -> its folder, where it is not known whose files these are and a hub has to be asked."""
    if settings.model_source != "hub":
        return {}
    root = Path(settings.model_dir)
    found: dict[str, Path] = {}
    for name in model_folder.needed(settings).values():
        ours = (model_store.published(root, name, form) / manifests.FILE for form in model_folder.FORMS)
        if not any(file.is_file() for file in ours):
            places = (model_store.untrusted(root, name, form) for form in model_folder.FORMS)
            found.update((name, place) for place in places if place is not None)
    return found


def _unknown(name: str, folder: Path, settings: Settings) -> Finding:
    said = f"{name} lies in {folder} without the {manifests.FILE} of a fetch that vouches for it"
    taken = "set OCR_MODEL_SOURCE=dir to take it as it is"
    if settings.offline:
        return bad("models", f"{said}, and OCR_OFFLINE=true forbids to compare it with a hub", taken)
    return warning("models", said, f"`ocr-backend models fetch` compares it with a hub; or {taken}")


def _builtin(settings: Settings) -> Finding:
    try:
        with engine_factory.brought(settings) as (_, found):
            return good("models", f"builtin: {', '.join(model.name for model in found.values())}")
    except ModelError as error:
        return bad("models", "the builtin models are not there", str(error))


def _faults(settings: Settings) -> dict[str, list[str]]:
    """Official name or custom folder -> what is wrong with it, in the form of which least is wrong."""
    root = Path(settings.model_dir)
    found = {}
    for part, name in model_folder.needed(settings).items():
        places = ((form, model_folder.located(root, name, form)) for form in model_folder.FORMS)
        each = [
            [f"in {place}: {fault}" for fault in model_folder.faults(part, name, form, place)]
            for form, place in places
            if place is not None
        ]
        found[name] = min(each, key=len, default=[_MISSING])
    for choice in custom_models.chosen(settings):
        found[f"{choice.variable} {choice.folder}"] = custom_models.faults_of(choice)
    return found


def _is_to_fetch(settings: Settings) -> bool:
    return any(_faults(settings).values()) or bool(_unvouched(settings))


def disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room for models that are still to be fetched."""
    if settings.model_source != "hub":
        yield skipped("disk", f"nothing is fetched: OCR_MODEL_SOURCE={settings.model_source}")
        return
    place = _nearest(Path(settings.model_dir))
    free = shutil.disk_usage(place).free
    said = f"{free / _MIB:.0f} MiB free at {place}"
    if free < _ROOM and _is_to_fetch(settings):
        yield warning(
            "disk", said, f"models are to be fetched: make {_ROOM // _MIB} MiB free, or set MODEL_DIR"
        )
    else:
        yield good("disk", said)


def reads(settings: Settings) -> Iterator[Finding]:
    """Whether the models can be loaded and read the golden sample; downloads nothing."""
    if settings.model_source != "builtin" and any(_faults(settings).values()):
        yield skipped("reading", "not tried: the models are not all there, or not whole")
        return
    begun = time.monotonic()
    try:
        # As they lie there: a hub would be asked for those that it does not vouch for.
        as_is = replace(settings, model_source="dir") if settings.model_source == "hub" else settings
        reader = engine_factory.open_reader(as_is)
        try:
            note = golden_sample.check(reader, [choice.folder for choice in custom_models.chosen(settings)])
        finally:
            reader.close()
    except (ModelError, GoldenSampleError) as error:
        yield bad("reading", str(error), "`ocr-backend models verify` says more")
        return
    seconds = time.monotonic() - begun
    if note:
        yield warning("reading", f"loaded with {reader.engine}, in {seconds:.1f} s", note)
    else:
        yield good("reading", f"loaded with {reader.engine} and read the golden sample, in {seconds:.1f} s")
