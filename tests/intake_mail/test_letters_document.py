"""The OpenAPI document of letters tells the truth: whatever it allows is answered as it says, and never with a 5xx.

schemathesis makes requests of the document, right ones and wrong ones; ids are of letters that there are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis import Case
from schemathesis.specs.openapi import checks

from tests.intake_mail.letters_desk import Mailroom

LETTERS = "/api/v1/letters"
REQUESTS = 25
"""Of each operation."""
AS_IT_SAYS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


class Client:
    """Sends requests from another thread, where Hypothesis runs."""

    def __init__(self, mailroom: Mailroom) -> None:
        self._mailroom, self._loop = mailroom, asyncio.get_running_loop()
        self._headers = mailroom.token()
        self.answers: Counter[int] = Counter()

    def known(self) -> dict[str, list[str]]:
        """A letter with two pages, another, and one that isn't there."""
        return asyncio.run_coroutine_threadsafe(self._known(), self._loop).result(20)

    async def _known(self) -> dict[str, list[str]]:
        one, other = await self._mailroom.letter("One.", "Two."), await self._mailroom.letter("3.")
        pages = [page["page_id"] for page in (await self._mailroom.draft(one))["pages"]]
        nobody = str(UUID(int=1))
        return {
            "letter_id": [one, one, other, nobody],
            "page_id": [*pages, nobody],
            "into": [other, one],
            "code": ["K7Q2-M4X", "no code"],
        }

    def send(self, case: Case[Any]) -> None:
        """Raises AssertionError where the answer isn't as the document says."""
        asked = case.as_transport_kwargs(base_url="http://test", headers=self._headers)
        asked.pop("cookies", None)
        try:
            request = self._mailroom.client.build_request(**asked)
            request.read()
        except (UnicodeEncodeError, AttributeError, TypeError):
            return  # half a character, or a number in the place of a file: no client can send it
        sending = self._mailroom.client.send(request)
        answer = asyncio.run_coroutine_threadsafe(sending, self._loop).result(20)
        self.answers[answer.status_code] += 1
        assert answer.status_code < 500, case.operation.label
        case.validate_response(answer, checks=AS_IT_SAYS)


async def test_every_answer_is_as_the_document_says(mailroom: Mailroom) -> None:
    document = (await mailroom.client.get("/openapi.json")).json()
    client = Client(mailroom)
    await asyncio.to_thread(ask_all, document, client)
    assert {200, 201, 404, 409, 422, 428} <= set(client.answers)


def ask_all(document: dict[str, Any], client: Client) -> None:
    """Every operation of letters."""
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        if operation.path.startswith(LETTERS):
            ask(operation.as_strategy(), client, client.known())


def ask(
    cases: some.SearchStrategy[Case[Any]], client: Client, known: Mapping[str, Sequence[str]]
) -> None:
    """One operation, again and again."""

    @settings(
        max_examples=REQUESTS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, data=some.data())
    def one(case: Case[Any], data: some.DataObject) -> None:
        body = case.body if isinstance(case.body, dict) else {}
        for values in (case.path_parameters or {}, body):
            for name in known.keys() & values.keys():
                values[name] = data.draw(some.sampled_from(known[name]))
        client.send(case)

    one()
