"""A gateway with a certificate of its own: trusted by its pin or its CA, and not otherwise (contract section 2)."""

from pathlib import Path

from aiohttp import web

from gateway.simulator.tls import self_signed
from tests.cli.servers import serving
from tests.gateway.processes import run

OTHER = "sha256:" + "0" * 64


async def _systems(request: web.Request) -> web.Response:
    assert request.headers["AuthToken"] == "secret"
    return web.json_response({"systems": []})


async def test_a_self_signed_gateway_is_trusted_by_its_pin_or_its_certificate(tmp_path: Path):
    certificate = self_signed("gw")
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate.certificate_pem)
    async with serving(_systems, certificate.server_context()) as url:
        verb = ("systems", "-o", "json", "--token", "secret", "--url", url)
        pinned = await run(*verb, "--fingerprint", certificate.fingerprint)
        trusted = await run(*verb, "--ca-file", str(file))
        unknown = await run(*verb)
        other = await run(*verb, "--fingerprint", OTHER)
    assert (pinned.code, trusted.code, unknown.code, other.code) == (0, 0, 4, 4), pinned.err + trusted.err
    assert "--fingerprint" in unknown.err
    assert certificate.fingerprint in other.err


async def test_flags_of_trust_that_cannot_hold_are_refused(tmp_path: Path):
    file = tmp_path / "none.pem"
    plain = await run("systems", "--url", "http://127.0.0.1:9", "--fingerprint", OTHER)
    short = await run("systems", "--url", "https://127.0.0.1:9", "--fingerprint", "sha256:00")
    absent = await run("systems", "--url", "https://127.0.0.1:9", "--ca-file", str(file))
    file.write_text("no PEM")
    empty = await run("systems", "--url", "https://127.0.0.1:9", "--ca-file", str(file))
    assert {outcome.code for outcome in (plain, short, absent, empty)} == {2}
    assert "Traceback" not in plain.err + short.err + absent.err + empty.err
