"""Requests that a web page of another site makes a browser send are refused."""

import pytest

from predict_requests import tasks_body

OTHER = "https://other.example"


class TestOrigin:
    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({"Sec-Fetch-Site": "cross-site"}, id="cross-site"),
            pytest.param({"Sec-Fetch-Site": "same-site", "Origin": OTHER}, id="another port or subdomain"),
            pytest.param({"Origin": OTHER}, id="foreign origin"),
            pytest.param({"Origin": "null"}, id="sandboxed page"),
            pytest.param({"Origin": "http://["}, id="no URL"),
        ],
    )
    @pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook", "/versions"])
    def test_a_foreign_page_is_refused(self, make_client, path, headers) -> None:
        response = make_client().post(path, json=tasks_body("x"), headers=headers)
        assert response.status_code == 403
        assert "web pages of other sites" in response.json["detail"]

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({}, id="Label Studio"),
            pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, id="trial page"),
            pytest.param({"Origin": "http://LOCALHOST"}, id="old browser"),
            pytest.param({"Origin": OTHER, "X-Forwarded-Host": "other.example"}, id="behind a proxy"),
        ],
    )
    def test_label_studio_and_the_trial_page_are_served(self, make_client, headers) -> None:
        assert make_client().post("/setup", json={}, headers=headers).status_code == 200

    def test_any_page_may_link_to_the_trial_page(self, make_client) -> None:
        assert make_client().get("/ui", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


NOT_JSON = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]


@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook"])
@pytest.mark.parametrize("media_type", NOT_JSON)
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "none"}, id="browser"),
        pytest.param({"Origin": "http://localhost"}, id="old browser"),
        pytest.param({"Accept-Language": "en"}, id="browser without Origin"),
        pytest.param({"Referer": "https://other.example"}, id="page that hides its language"),
    ],
)
def test_a_browsers_body_that_is_not_json_by_its_type_is_refused(
    make_client, path, media_type, headers
) -> None:
    response = make_client().post(path, data=b"{}", content_type=media_type, headers=headers)
    assert response.status_code == 415
    assert response.json["detail"].endswith("send JSON with application/json")


@pytest.mark.parametrize("media_type", NOT_JSON)
def test_a_program_may_send_json_with_any_type(make_client, media_type) -> None:
    response = make_client().post("/setup", data=b"{}", content_type=media_type)
    assert response.status_code == 200


def test_a_compressed_body_is_refused_by_its_encoding(make_client) -> None:
    response = make_client().post("/setup", json={}, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415
    assert response.json["detail"] == "the Content-Encoding is gzip; send JSON without it"


def test_json_may_have_a_character_set(make_client) -> None:
    response = make_client().post("/setup", data=b"{}", content_type="Application/JSON; charset=utf-8")
    assert response.status_code == 200
