"""`check` over the summary of a real gateway (contract sections 2 and 4)."""

from tests.cli.asking import ask
from tests.gateway.conftest import Make
from tests.gateway.live import small


async def test_a_real_summary_is_judged(gateway_over: Make):
    client = await gateway_over([small(1, rows=300, customer="Acme"), small(2, dead=True)])
    whole = await ask(client, "check", "--max-age", "25h")
    assert whole.code == 2, whole.out + whole.err
    assert "1 system unreachable" in whole.out.splitlines()[0]
    assert "site-2 (system 2) missing: refused" in whole.out
    lenient = [
        f"--{level}-{name}" for level in ("warning", "critical") for name in ("failed", "streak", "late", "never")
    ]
    alone = await ask(client, "check", "--customer", "Acme", *(word for flag in lenient for word in (flag, "none")))
    assert alone.code == 0, alone.out
    assert "unreachable=0;0;0;0;1" in alone.out


async def test_what_the_gateway_does_not_know_is_unknown(gateway_over: Make):
    client = await gateway_over(1)
    stranger = await ask(client, "check", "--system-id", "9")
    refused = await ask(client, "check", BACKUP_GATEWAY_TOKEN="wrong")
    assert (stranger.code, refused.code) == (3, 3)
    assert "there is no system 9" in stranger.out
