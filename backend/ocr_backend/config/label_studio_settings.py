"""Settings of Label Studio: names in the label config, and access to its files."""

from dataclasses import dataclass

from ocr_backend.config.setting_fields import setting


@dataclass(frozen=True)
class LabelStudioSettings:
    """How the backend works with Label Studio. A name that is None is taken from the label config."""

    image_data_key: str | None = setting(
        None, "IMAGE_DATA_KEY", "Key of the task's data that contains the image", fallback_default="image"
    )
    image_to_name: str | None = setting(
        None, "IMAGE_TO_NAME", "Name of the Image tag", fallback_default="image"
    )
    bbox_from_name: str | None = setting(
        None, "BBOX_FROM_NAME", "Name of the Rectangle tag", fallback_default="bbox"
    )
    label_from_name: str | None = setting(
        None, "LABEL_FROM_NAME", "Name of the Labels tag", fallback_default="label"
    )
    text_from_name: str | None = setting(
        None, "TEXT_FROM_NAME", "Name of the TextArea tag", fallback_default="transcription"
    )
    predicted_label: str | None = setting(
        None, "PREDICTED_LABEL", "Label of the predicted regions", fallback_default="Text"
    )
    label_studio_url: str = setting(
        "",
        "LABEL_STUDIO_URL",
        "URL of Label Studio, for images that are uploaded to it or stored in its cloud storage",
        aliases=("LABEL_STUDIO_HOST",),
    )
    label_studio_api_key: str = setting(
        "",
        "LABEL_STUDIO_API_KEY",
        "Access token for Label Studio, personal or legacy",
        aliases=("LABEL_STUDIO_ACCESS_TOKEN",),
        secret=True,
    )
    reads_new_tasks: bool = setting(
        False,
        "OCR_READ_NEW_TASKS",
        "Read the new tasks of a project when Label Studio sends the event TASKS_CREATED, and store their "
        "predictions; requires LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY",
    )
    verify_ssl: bool = setting(
        True, "VERIFY_SSL", "Verify the TLS certificates of the servers that images come from"
    )
    local_files_document_root: str = setting(
        "",
        "LOCAL_FILES_DOCUMENT_ROOT",
        "Folder with Label Studio's local files; empty downloads them from Label Studio",
    )
