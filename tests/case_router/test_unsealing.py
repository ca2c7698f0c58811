"""Who the reporter is: opened by two people, for an hour, to who asked."""

from __future__ import annotations

import httpx
import pytest

from case_router.tokens import Signer
from speakup.blobs import close_blob
from speakup.keys import UNSEALING
from speakup.scopes import Scope
from speakup.staff import Role, Staff
from speakup.submission import Attachment, Content
from tests.case_router.test_approvals import asked, decide
from tests.case_router.test_recordings import SOUND
from tests.case_router.world import World, add_call


async def unseal(world: World, number: str, what: str = "contact", by: str = "officer") -> None:
    approval = await asked(world, number, by, what)
    assert await decide(world, approval, "chair") == 200


async def contact(world: World, number: str, by: str = "officer") -> httpx.Response:
    return await world.get(f"/cases/{number}/contact", by)


async def test_the_contact_is_opened_by_two(world: World) -> None:
    number = await world.add_case()
    approval = await asked(world, number)
    before = await contact(world, number)
    assert before.status_code == 403
    assert "unsealings" in before.json()["detail"]
    assert "reporter@" not in before.text
    assert await decide(world, approval, "chair") == 200
    (item,) = (await contact(world, number)).json()["items"]
    assert (item["address"], item["channel"]) == ("reporter@example.kz", "email")
    told = [entry for entry in await world.audit() if entry[0].startswith("contact.")]
    assert told == [
        ("contact.refused", "officer", number),
        ("contact.unsealed", "officer", number),
    ]


async def test_what_was_refused_stays_sealed(world: World) -> None:
    number = await world.add_case()
    approval = await asked(world, number)
    assert await decide(world, approval, "chair", approved=False) == 200
    assert (await contact(world, number)).status_code == 403


async def test_after_an_hour_it_is_sealed_again(world: World) -> None:
    number = await world.add_case()
    await unseal(world, number)
    await world.execute("UPDATE approvals SET expires_at = expires_at - interval '59 min'")
    assert (await contact(world, number)).status_code == 200
    await world.execute("UPDATE approvals SET expires_at = expires_at - interval '1 min'")
    assert (await contact(world, number)).status_code == 403


async def test_it_is_open_to_who_asked_and_of_that_case_alone(world: World) -> None:
    await world.add_account("officer2", Role.officer)
    number, other = await world.add_case(), await world.add_case()
    await unseal(world, number)
    assert (await contact(world, number, "officer2")).status_code == 403
    assert (await contact(world, other)).status_code == 403
    assert (await contact(world, number, "chair")).status_code == 404


async def test_who_loses_the_case_loses_what_was_unsealed(world: World) -> None:
    number = await world.add_case()
    await unseal(world, number)
    await world.execute(
        "INSERT INTO exclusions VALUES (:n, :a)", n=number, a=world.accounts["officer"]
    )
    assert (await contact(world, number)).status_code == 404


@pytest.mark.parametrize("change", ["role = 'handler'", "disabled_at = now()"])
async def test_a_token_that_is_older_than_the_change_opens_nothing(
    world: World, change: str
) -> None:
    number = await world.add_case()
    await unseal(world, number)
    await world.execute(f"UPDATE accounts SET {change} WHERE name = 'officer'")
    assert (await contact(world, number)).status_code == 404
    assert (await world.get(f"/cases/{number}")).status_code == 404
    assert (await world.get("/cases")).json()["items"] == []


async def test_an_unsealed_voice_is_given_and_the_contact_is_not(world: World) -> None:
    call = await add_call(world, SOUND)
    await unseal(world, call.number, "voice")
    answer = await world.get(f"{call.path}/original")
    assert answer.status_code == 200
    assert answer.content == SOUND
    assert (await contact(world, call.number)).status_code == 403


async def test_an_unsealed_scan_is_given_as_it_came_in(world: World) -> None:
    blob, ciphertext = close_blob(b"%PDF with its metadata")
    await world.blobs.put(blob.digest, ciphertext)
    file = Attachment(name="scan.pdf", content_type="application/pdf", blob=blob)
    number = await world.add_case(Content(originals=(file,)), channel="mail")
    ((submission,),) = await world.rows("SELECT submission_id FROM submissions")
    path = f"/cases/{number}/submissions/{submission}/originals"
    assert (await world.get(f"{path}/0")).status_code == 403
    await unseal(world, number, "scan")
    assert (await world.get(f"{path}/0")).content == b"%PDF with its metadata"
    assert (await world.get(f"{path}/1")).status_code == 404


async def test_a_token_made_for_another_system_opens_none_of_it(world: World) -> None:
    call = await add_call(world, SOUND)
    for what in ("voice", "contact"):
        await unseal(world, call.number, what)
    everything = frozenset(Scope)
    staff = Staff(str(world.accounts["officer"]), "officer", Role.officer, True, everything)
    headers = {"Authorization": f"Bearer {Signer(world.keys).sign(staff)}"}
    for path in (f"{call.path}/original", f"/cases/{call.number}/contact"):
        answer = await world.client.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == 403


async def test_without_the_unsealing_key_it_is_said_that_it_is_away(world: World) -> None:
    number = await world.add_case()
    await unseal(world, number)
    for key_id in world.keys.private(UNSEALING):
        world.keys.destroy(UNSEALING, key_id)
    answer = await contact(world, number)
    assert answer.status_code == 503
    assert "unsealing key" in answer.json()["detail"]


async def test_of_an_erased_case_nobody_asks_who_reported_it(world: World) -> None:
    number = await world.add_case()
    await world.erase()
    body = {"what": "contact", "reason": "The prosecutor asks who wrote it."}
    assert (await world.change(number, "unsealings", body)).status_code == 410
