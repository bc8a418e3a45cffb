"""What schemathesis has to be told about this API: pages are text, and three rules of its prose."""
import re

import schemathesis


@schemathesis.deserializer("text/html")
def page(ctx, response):
    return response.content.decode()


def media_type(response):
    return response.headers.get("content-type", [""])[0].partition(";")[0]


@schemathesis.check
def never_stored(ctx, response, case):
    """No answer may be cached, or be taken for something else than it says it is."""
    if response.status_code >= 400 and media_type(response) == "application/json":
        return  # the gateway's own answers are not in the form that the API promises
    for name, wanted in (("cache-control", "no-store"), ("x-content-type-options", "nosniff")):
        sent = response.headers.get(name)
        assert sent == [wanted], f"{name} is {sent}, not {wanted}"


@schemathesis.check
def understood(ctx, response, case):
    """What the schema describes is never called a request that is not as described."""
    if response.status_code == 400 and case.meta and case.meta.generation.mode.is_positive:
        text = response.content.decode()
        assert '"code":"invalid_request"' not in text, f"valid, but not understood: {text}"


@schemathesis.check
def page_names_its_code(ctx, response, case):
    """A page about a failure shows a code that the description of its status lists."""
    if response.status_code < 400 or media_type(response) != "text/html":
        return
    described = case.operation.responses.find_by_status_code(response.status_code)
    if described is None:
        return  # status_code_conformance says so
    codes = re.findall(r"`([a-z_]+)`", described.definition["description"])
    text = response.content.decode()
    assert any(f"<code>{code}</code>" in text for code in codes), f"none of {codes} is on the page"
