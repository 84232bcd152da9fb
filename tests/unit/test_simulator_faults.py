"""Faults of the answer, as a client sees them; and how faults are aimed, counted and ended."""

import json

import pytest
from aiohttp import (
    ClientResponseError,
)
from simulated import Client

from gateway.simulator import Appliance, Fault
from gateway.simulator.fault_answers import ANSWERS
from gateway.simulator.faults import LISTENER_MODES, FaultBoard


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("unauthorized", 401),
        ("too_many", 429),
        ("unavailable", 503),
        ("error", 500),
        ("result_only", 200),
        ("forbidden", 403),
    ],
)
async def test_refusals_carry_a_status_and_a_result(
    appliance: Appliance, client: Client, mode: str, status: int
) -> None:
    await appliance.inject(mode)
    got, body, _ = await client.call()
    assert got == status
    assert json.loads(body)["result"][0]["message"]
    # Aimed at the list alone: logins go on.
    assert (await client.call("login"))[0] == 201


async def test_unauthorized_lasts_whatever_the_token(appliance: Appliance, client: Client) -> None:
    await appliance.inject("unauthorized")
    for _ in range(3):
        token = json.loads((await client.call("login"))[1])["auth_token"]
        client._headers = {"AuthToken": token}
        assert (await client.call())[0] == 401


async def test_a_refused_login_leaves_live_sessions_alone(appliance: Appliance, client: Client) -> None:
    await appliance.inject("login_refused")
    assert (await client.call("login"))[0] == 500
    assert await client.rows() == 40


@pytest.mark.parametrize("mode", ["too_many", "unavailable"])
async def test_retry_after_in_seconds_or_as_a_date(appliance: Appliance, client: Client, mode: str) -> None:
    await appliance.inject(Fault(mode, retry_after=7))
    assert (await client.call())[2]["Retry-After"] == "7"
    await appliance.inject(Fault(mode, retry_after=60, http_date=True))
    assert (await client.call())[2]["Retry-After"] == "Sun, 06 Nov 1994 08:50:37 GMT"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_point_where_they_are_told(appliance: Appliance, client: Client, status: int) -> None:
    await appliance.inject(Fault("redirect", status=status, location="http://127.0.0.1:1/x"))
    got, _, headers = await client.call()
    assert (got, headers["Location"]) == (status, "http://127.0.0.1:1/x")


async def test_html_missing_and_content_type(appliance: Appliance, client: Client) -> None:
    await appliance.inject("html")
    status, body, headers = await client.call()
    assert (status, headers["Content-Type"].split(";")[0], body[:6]) == (200, "text/html", b"<html>")
    await appliance.inject("missing")
    status, _, headers = await client.call()
    assert (status, headers["Content-Type"].split(";")[0]) == (404, "text/html")
    await appliance.inject("content_type")
    _, body, headers = await client.call()
    assert headers["Content-Type"] == "text/html"
    assert len(json.loads(body)["backups"]) == 40


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("empty", b"{}"), ("empty_list", b"[]"), ("empty_body", b""), ("wrong_shape", b'{"backups":17}')],
)
async def test_answers_without_a_list_are_sent_as_they_are_named(
    appliance: Appliance, client: Client, mode: str, expected: bytes
) -> None:
    await appliance.inject(mode)
    assert (await client.call())[1] == expected


@pytest.mark.parametrize("mode", ["broken_json", "invalid_utf8", "deep"])
async def test_bodies_that_no_parser_takes(appliance: Appliance, client: Client, mode: str) -> None:
    await appliance.inject(mode)
    _, body, headers = await client.call()
    assert int(headers["Content-Length"]) == len(body)
    with pytest.raises((ValueError, RecursionError)):
        json.loads(body)


async def test_nan_and_the_byte_order_mark(appliance: Appliance, client: Client) -> None:
    await appliance.inject("nan")
    body = (await client.call())[1]
    assert b"NaN" in body
    assert b"-Infinity" in body
    await appliance.inject("bom")
    body = (await client.call())[1]
    assert body.startswith(b"\xef\xbb\xbf{")
    assert len(json.loads(body.decode("utf-8-sig"))["backups"]) == 40


async def test_rows_that_are_no_rows(appliance: Appliance, client: Client) -> None:
    await appliance.inject(Fault("non_objects", percent=10))
    rows = json.loads((await client.call())[1])["backups"]
    assert [type(row) for row in rows].count(dict) == 36
    await appliance.inject("duplicate_keys")
    pairs = json.loads((await client.call())[1], object_pairs_hook=list)
    first_row = pairs[0][1][0]
    assert [key for key, _ in first_row].count("complete") == 2


async def test_any_body_can_be_given(appliance: Appliance, client: Client) -> None:
    await appliance.inject(Fault("body", text="hello", status=202, content_type="text/plain"))
    status, body, headers = await client.call()
    assert (status, body, headers["Content-Type"]) == (202, b"hello", "text/plain")


async def test_headers_that_a_client_should_drop_or_refuse(appliance: Appliance, client: Client) -> None:
    await appliance.inject("cookies")
    assert "session=" in (await client.call())[2]["Set-Cookie"]
    await appliance.inject("huge_header")
    with pytest.raises(ClientResponseError):
        await client.call()


async def test_logins_without_a_usable_token(appliance: Appliance, client: Client) -> None:
    await appliance.inject("no_token")
    status, body, _ = await client.call("login")
    assert (status, "auth_token" in json.loads(body)) == (201, False)
    await appliance.inject("bad_token")
    assert "\r\n" in json.loads((await client.call("login"))[1])["auth_token"]


async def test_count_every_and_routes_aim_a_fault(appliance: Appliance, client: Client) -> None:
    await appliance.inject(Fault("error", count=2))
    assert [(await client.call())[0] for _ in range(4)] == [500, 500, 201, 201]
    await appliance.inject(Fault("error", every=2))
    assert [(await client.call())[0] for _ in range(4)] == [201, 500, 201, 500]
    await appliance.recover()
    await appliance.inject(Fault("error", routes=frozenset({"login", "logout"})))
    assert [(await client.call(route))[0] for route in ("login", "logout", "backups")] == [500, 500, 201]


async def test_the_newest_fault_comes_first_and_recovery_ends_all(appliance: Appliance, client: Client) -> None:
    await appliance.inject("forbidden")
    await appliance.inject(Fault("error", count=1))
    assert [(await client.call())[0] for _ in range(2)] == [500, 403]
    await appliance.recover()
    assert appliance.faults.active == []
    assert await client.rows() == 40


async def test_faulty_calls_are_recorded_and_counted_too(appliance: Appliance, client: Client) -> None:
    await appliance.inject("error")
    await client.call()
    assert appliance.counters.list_calls == 1
    assert appliance.requests[-1].target == "/api/backups"


async def test_unknown_modes_and_routes_are_refused(appliance: Appliance) -> None:
    with pytest.raises(ValueError, match="unknown mode: sleepy"):
        await appliance.inject("sleepy")
    with pytest.raises(ValueError, match="unknown routes: clients"):
        Fault("slow", routes=frozenset({"clients"}))


def test_a_fault_can_be_read_from_json() -> None:
    fault = Fault.from_json({"mode": "slow", "routes": ["login"], "count": None, "seconds": 2, "http_date": True})
    assert fault == Fault("slow", frozenset({"login"}), seconds=2, http_date=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"mode": 5},
        {"mode": "slow", "secs": 1},
        {"mode": "slow", "seconds": "1"},
        {"mode": "slow", "routes": "login"},
        {"mode": "slow", "routes": [["login"]]},
        {"mode": "slow", "every": 0},
    ],
)
def test_a_wrong_fault_is_told_so(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Fault.from_json(wrong)


def test_the_board_counts_only_what_it_hits() -> None:
    board = FaultBoard()
    board.add(Fault("error", count=1))
    assert [board.take(route) is not None for route in ("login", "backups", "backups")] == [False, True, False]


def test_no_mode_is_both_of_the_listener_and_of_a_request() -> None:
    assert not LISTENER_MODES & set(ANSWERS)
