"""Every form is asked for, labelled and told of under one media type, wherever a form may be chosen."""

from typing import get_args

import pytest

from gateway.question.values import Form
from gateway.web.forms import MEDIA
from gateway.web.openapi.document import document
from tests.forms.every_form import FORMS, UNSORTED
from tests.forms.reading import media_type
from tests.gateway.live import gateway_over

EVERY_FORM = get_args(Form)
ROUTES = ("/api/backups", "/gateway/assets")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", EVERY_FORM)
async def test_a_form_has_its_media_type_whether_the_key_or_the_header_asks_for_it(form: Form, route: str):
    async with gateway_over(1) as client:
        by_key = await client.request("GET", f"{route}?format={form}", headers=client.credentials)
        by_header = await client.request("GET", route, headers=client.credentials | {"Accept": MEDIA[form]})
    assert (by_key.status, media_type(by_key), media_type(by_header)) == (200, MEDIA[form], MEDIA[form])


@pytest.mark.parametrize("route", ROUTES)
def test_the_interface_tells_of_every_form(route: str):
    assert set(document()["paths"][route]["get"]["responses"]["200"]["content"]) == set(MEDIA.values())


def test_every_form_but_the_plain_one_is_compared_with_it():
    assert {form for form in EVERY_FORM if form != "json"} <= {*FORMS, *UNSORTED}
