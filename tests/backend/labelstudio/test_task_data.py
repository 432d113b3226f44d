import pytest

from ocr_backend.errors import ImageError
from ocr_backend.labelstudio.task_data import has_variable, resolve_expression

DATA = {
    "image": "a.png",
    "my-image": "b.png",
    "meta": {"scan": {"url": "c.png"}, "pages": ["d.png", {"page": "e.png"}]},
    "meta.scan": "the key with a dot",
    "pages": [["f.png"], "g.png"],
    "number": 7,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("$image", "a.png", id="key"),
        pytest.param("$my-image", "b.png", id="key with a hyphen"),
        pytest.param("$meta.scan.url", "c.png", id="dots"),
        pytest.param("$meta.pages[0]", "d.png", id="number"),
        pytest.param("$meta.pages.0", "d.png", id="number after a dot"),
        pytest.param("$meta.pages[1].page", "e.png", id="key after a number"),
        pytest.param("$pages[0][0]", "f.png", id="numbers"),
        pytest.param("$pages", [["f.png"], "g.png"], id="a list"),
        pytest.param("$meta.scan", "the key with a dot", id="a key wins over a path"),
        pytest.param("$nothing", None, id="null"),
        pytest.param("https://web.example/$image", "https://web.example/a.png", id="text around"),
        pytest.param("https://web.example/$number/$pages[1]", "https://web.example/7/g.png", id="two paths"),
        pytest.param("$number/x.png", "7/x.png", id="text behind"),
        pytest.param("https://web.example/x.png", "https://web.example/x.png", id="no path"),
    ],
)
def test_an_expression_is_resolved_as_label_studio_does(expression: str, value: object) -> None:
    assert resolve_expression(expression, DATA) == value


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        pytest.param("$scan", "scan", id="key"),
        pytest.param("$meta.url", "meta.url", id="key in an object"),
        pytest.param("$image.url", "image.url", id="key in a text"),
        pytest.param("$pages[2]", "pages[2]", id="behind the end"),
        pytest.param("$pages.url", "pages.url", id="key in a list"),
        pytest.param("$nothing.url", "nothing.url", id="key in null"),
        pytest.param("https://web.example/$scan", "scan", id="in a text"),
    ],
)
def test_a_path_that_the_data_does_not_have_is_refused_with_the_keys_it_has(
    expression: str, path: str
) -> None:
    with pytest.raises(ImageError) as caught:
        resolve_expression(expression, DATA)
    assert caught.value.outcome == "refused"
    keys = "image, meta, meta.scan, my-image, nothing, number, pages"
    assert str(caught.value) == f"the task's data has no {path!r}; it has {keys}"


def test_a_refusal_lists_at_most_ten_keys() -> None:
    with pytest.raises(ImageError, match=r"no 'x'; it has nothing$"):
        resolve_expression("$x", {})
    with pytest.raises(ImageError, match=r"it has k0, k1, k2, k3, k4, k5, k6, k7, k8, k9$"):
        resolve_expression("$x", {f"k{number}": 0 for number in range(10)} | {"other": 0})


def test_an_expression_with_a_dollar_sign_has_a_variable() -> None:
    assert has_variable("$image")
    assert has_variable("https://web.example/$image")
    assert not has_variable("x.png")
