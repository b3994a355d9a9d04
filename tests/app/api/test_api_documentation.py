from app.api.documentation import OPENAPI_URL, PAGE, markdown, openapi


def test_the_page_is_current():
    assert PAGE.read_text("utf-8") == markdown(openapi()), "run `python -m app.api.documentation`"


def test_the_server_serves_the_same_description(client):
    assert client.get(OPENAPI_URL).json() == openapi()


def test_no_page_that_would_ask_another_host_is_served(client):
    for path in ("/docs", "/redoc", "/api/v1/docs"):
        assert client.get(path).status_code == 404


def test_every_route_says_what_it_does_takes_and_answers():
    for path, verbs in openapi()["paths"].items():
        assert path.startswith("/api/v1/")
        for verb, route in verbs.items():
            assert route["summary"], path
            assert route["description"], path
            answer = route["responses"]["200"]["content"]
            named = answer.get("application/json", {}).get("schema", {})
            item = named.get("items", named)
            assert "$ref" in item or "application/json" not in answer, f"{verb} {path} answers anything"
            if "{" in path:
                assert "422" in route["responses"], path
            if verb != "get":
                assert "503" in route["responses"], path


def test_limits_of_texts_name_both_ends():
    assert "string of 8 to 64" in markdown(openapi())


def test_errors_have_one_form():
    for path, verbs in openapi()["paths"].items():
        for route in verbs.values():
            for status, response in route["responses"].items():
                if status != "200":
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorJson"}, (path, status)
