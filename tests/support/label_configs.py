"""Label configs in parts, for tests of how they are read."""

from ocr_backend.labelstudio.label_config import ControlTag, ControlTags

GUIDE_CONTROL_TAGS = ControlTags(
    image="image",
    image_value="$image",
    has_several_pages=False,
    shape=ControlTag("bbox", "rectangle"),
    labels=ControlTag("label", "labels"),
    text=ControlTag("transcription", "textarea"),
    label="Text",
)
"""The control tags of the guide's label config."""

IMAGE = '<Image name="page" value="$scan"/>'
AREA = '<TextArea name="words" toName="page" perRegion="true"/>'
LABELS = '<Labels name="kinds" toName="page"><Label value="Text"/><Label value="Stamp"/></Labels>'
RECTANGLE = '<Rectangle name="box" toName="page"/>'
POLYGON = '<Polygon name="outline" toName="page"/>'
RECTANGLE_LABELS = '<RectangleLabels name="boxes" toName="page"><Label value="Text"/></RectangleLabels>'
LAYOUT = '<RectangleLabels name="layout" toName="page"><Label value="Table"/></RectangleLabels>'
POLYGON_LABELS = '<PolygonLabels name="outlines" toName="page"><Label value="Text"/></PolygonLabels>'


def view(*tags: str) -> str:
    """A label config with these tags."""
    return f"<View>{''.join(tags)}</View>"
