"""`config check --online`: one login to each appliance, out again, and a line that says what is wrong."""

import re
from pathlib import Path
from typing import Any

from gateway.simulator import Farm, Fault
from tests.gateway.live import config_text, small
from tests.gateway.processes import Outcome, run


async def check(farm: Farm, tmp_path: Path, **config: Any) -> Outcome:
    file = tmp_path / "gateway.toml"
    file.write_text(config_text(farm, **config))
    return await run("config", "check", str(file), "--online")


def lines(outcome: Outcome) -> dict[str, str]:
    """System -> what is said of it."""
    return dict(line.split(": ", 1) for line in outcome.out.splitlines()[1:])


async def test_appliances_that_let_us_in_are_ok_and_are_left_again(tmp_path: Path):
    async with Farm([small(1), small(2, tls=True)]) as farm:
        outcome = await check(farm, tmp_path)
        assert (outcome.code, outcome.err, lines(outcome)) == (0, "", {"site-1": "ok", "site-2": "ok"})
        for appliance in farm:
            assert [request.path for request in appliance.requests] == ["/api/login", "/api/logout"]


async def test_every_fault_has_its_kind_and_its_words_and_some_is_1(tmp_path: Path):
    specs = [small(1), small(2), small(3, dead=True), small(4, login_ms=5000), small(5)]
    wrong = {2: {"password": "not-the-one"}, 4: {"fetch_seconds": 0.5}}
    async with Farm(specs) as farm:
        await farm[4].inject(Fault("html", routes=frozenset({"login"})))
        outcome = await check(farm, tmp_path, each=wrong)
    assert outcome.code == 1
    said = lines(outcome)
    assert list(said) == [f"site-{number}" for number in range(1, 6)]
    assert said["site-1"] == "ok"
    assert said["site-2"].startswith("auth: the appliance refuses our login")
    assert said["site-3"].startswith("refused: the appliance refuses connections")
    assert said["site-4"].startswith("timeout: the appliance did not answer within 0.5 s")
    assert re.match(r"auth|bad_reply", said["site-5"])
    assert "not-the-one" not in outcome.out + outcome.err


async def test_the_pin_that_is_shown_makes_an_unknown_certificate_good(tmp_path: Path):
    async with Farm([small(1, tls=True), small(2, tls=True)]) as farm:
        unknown = {1: {"fingerprint": None}, 2: {"fingerprint": "sha256:" + "0" * 64}}
        outcome = await check(farm, tmp_path, each=unknown)
        assert outcome.code == 4
        said = lines(outcome)
        assert said["site-1"].startswith("tls: ")
        assert said["site-2"].startswith("tls_pin: ")
        pins = {
            number: {"fingerprint": re.findall(r'fingerprint = "(sha256:[0-9a-f]{64})"', said[f"site-{number}"])[0]}
            for number in (1, 2)
        }
        assert not farm[0].requests
        assert (await check(farm, tmp_path, each=pins)).code == 0


async def test_all_in_trouble_is_4_and_a_bad_file_2(tmp_path: Path):
    async with Farm([small(1, dead=True)]) as farm:
        assert (await check(farm, tmp_path)).code == 4
    file = tmp_path / "bad.toml"
    file.write_text("[server]\nprot = 1\n")
    outcome = await run("config", "check", str(file), "--online")
    assert (outcome.code, outcome.out) == (2, "")


async def test_a_slow_appliance_does_not_hold_up_the_others(tmp_path: Path):
    """Five of them take as long as one."""
    import time

    specs = [small(number, login_ms=1500) for number in range(1, 6)]
    async with Farm(specs) as farm:
        begun = time.monotonic()
        outcome = await check(farm, tmp_path)
    assert outcome.code == 0
    assert time.monotonic() - begun < 5


async def test_a_name_that_the_terminal_cannot_show_ends_nothing(tmp_path: Path):
    async with Farm([small(1, name="北京"), small(2)]) as farm:
        file = tmp_path / "gateway.toml"
        file.write_text(config_text(farm), encoding="utf-8")
        outcome = await run("config", "check", str(file), "--online", PYTHONIOENCODING="iso-8859-1")
    assert (outcome.code, outcome.err, lines(outcome)) == (0, "", {"??": "ok", "site-2": "ok"})
