"""Faults of a configuration: one line each, with the key path, and nothing of a secret (contract section 3)."""

from pathlib import Path

import pytest

from gateway.callers.accounts import token_hash
from gateway.config.file import parse
from gateway.errors import ConfigError

SYSTEM = '[[system]]\nid = 1\nname = "a"\nurl = "https://h"\nusername = "u"\npassword = "p"\ntimezone = "UTC"\n'
HASH = token_hash("x")
TOKEN = f'[[token]]\nname = "t"\ntoken_hash = "{HASH}"\n'
PIN = f'"sha256:{"a" * 64}"'


def faults_of(text: str) -> list[str]:
    """The faults without the name of the file."""
    try:
        parse(text, "file", Path.cwd())
    except ConfigError as error:
        return [fault.removeprefix("file: ") for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (f'"sha256:{"A" * 64}"', ": must be sha256: and 64 lower-case hex digits"),
        ("5", ": must be sha256: and 64 lower-case hex digits, or a list of two such texts"),
        ("[]", ": list should have at least 1 item after validation, not 0"),
        (f"[{PIN}, {PIN}, {PIN}]", ": list should have at most 2 items after validation, not 3"),
        (f'[{PIN}, "sha256:a"]', "[1]: must be sha256: and 64 lower-case hex digits"),
        ("[5]", "[0]: input should be a valid string"),
    ],
)
def test_a_wrong_fingerprint_is_one_fault(value: str, fault: str) -> None:
    assert faults_of(f"{SYSTEM}fingerprint = {value}") == [f"system[0].fingerprint{fault}"]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ('"some"', ': must be "all" or a list of ids'),
        ("true", ': must be "all" or a list of ids'),
        ("[true]", "[0]: input should be a valid integer"),
        ('["all"]', "[0]: input should be a valid integer"),
        ("[1, -1]", "[1]: input should be greater than or equal to 0"),
    ],
)
@pytest.mark.parametrize("kind", ["token", "webhook"])
def test_wrong_systems_of_a_credential_or_a_webhook_are_one_fault(kind: str, value: str, fault: str) -> None:
    table = TOKEN if kind == "token" else '[[webhook]]\nname = "w"\nkind = "slack"\nurl = "https://h"\n'
    assert faults_of(f"{table}systems = {value}") == [f"{kind}[0].systems{fault}"]


@pytest.mark.parametrize("line", [f"fingerprint = {PIN}", f"fingerprint = [{PIN}]", f"fingerprint = [{PIN}, {PIN}]"])
def test_a_pin_and_a_list_of_one_or_two_are_taken(line: str) -> None:
    assert faults_of(SYSTEM + line) == []


@pytest.mark.parametrize("value", ['"all"', "[]", "[1, 2]"])
def test_all_systems_and_a_list_of_ids_are_taken(value: str) -> None:
    assert faults_of(f"{TOKEN}systems = {value}") == []


def test_one_token_in_two_tables_is_a_fault_that_names_the_tables_and_not_the_hash() -> None:
    faults = faults_of(TOKEN + TOKEN.replace('"t"', '"grafana"') + "systems = [1]\n")
    assert faults == ["token: token_hash is the same for t, grafana: each needs a token of its own"]
    assert HASH not in str(faults)
    assert faults_of(TOKEN + TOKEN.replace('"t"', '"grafana"').replace(HASH, token_hash("y"))) == []


@pytest.mark.parametrize("host", ["a..b", ".", "a" * 64, f"{'é' * 63}.example"])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SYSTEM.replace("https://h", "https://HOST"), "system[0].url"),
        ('[server]\nhost = "HOST"', "server.host"),
        ('[cache]\nurl = "redis://HOST:6379"', "cache.url"),
        ('[notices]\nping_url = "https://HOST/ping"', "notices.ping_url"),
    ],
)
def test_a_host_that_no_resolver_can_be_asked_for_is_a_fault(text: str, key: str, host: str) -> None:
    assert faults_of(text.replace("HOST", host)) == [
        f"{key}: a part of its host name is empty or longer than 63 characters"
    ]


@pytest.mark.parametrize("host", ["a.b.", "a_b", "bücher.example", "10.0.0.5", "[::1]", "a" * 63])
def test_any_other_host_is_taken(host: str) -> None:
    assert faults_of(SYSTEM.replace("https://h", f"https://{host}:443")) == []


@pytest.mark.parametrize(
    "url", ["https://h?", "https://h#", "https://h ", "https://a%b", "https://ho<st", "https://h\\\\x"]
)
def test_an_appliance_is_named_by_scheme_host_and_port_alone(url: str) -> None:
    assert faults_of(SYSTEM.replace("https://h", url)) == [
        "system[0].url: must be scheme, host and port only: no user, path or query"
    ]


def test_a_fingerprint_goes_with_https_in_any_spelling() -> None:
    text = SYSTEM.replace("https://h", "HTTPS://h") + f'fingerprint = "sha256:{"0" * 64}"\n'
    assert faults_of(text) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[cache]\nurl = "redis://:geheim@ho℀st"', "cache.url"),
        ('[cache]\nurl = "redis://:[geheim]@host"', "cache.url"),
        ('[notices]\nping_url = "https://geheim@ho℀st"', "notices.ping_url"),
        (SYSTEM.replace("https://h", "https://geheim@ho℀st"), "system[0].url"),
    ],
)
def test_what_cannot_even_be_split_into_its_parts_is_told_without_them(text: str, key: str) -> None:
    assert faults_of(text) == [f"{key}: is no URL"]
