"""`backup-gateway`: the commands, each loaded when it is used."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console

from gateway.cli.examples import EXAMPLES
from gateway.cli.exits import ClientError, Exit, close_stdout, print_what_fits

app = App(
    name="backup-gateway",
    help="One POST /api/backups for a whole fleet of backup appliances.",
    help_format="plaintext",
    version=version("backup-gateway"),
    version_flags=["--version"],
    error_console=Console(stderr=True),
)
config_app = App(name="config", help="Check a configuration file, or print its schema.", help_format="plaintext")
token_app = App(name="token", help="Static tokens for tools that cannot log in.", help_format="plaintext")
export_app = App(name="export", help="What a running gateway knows, for other systems.", help_format="plaintext")
app.command(config_app)
app.command(token_app)
app.command(export_app)


def _client_verb(of: App, module: str, help: str) -> None:  # noqa: A002 - the word of App.command
    """A verb that is loaded with all its flags when it is used, and not before."""
    name = module.rpartition("_")[2]
    of.command(f"gateway.cli.{module}:{name}", name=name, help=help, help_prologue=EXAMPLES[name])


_client_verb(app, "backups", "The backups of every system behind a running gateway.")
_client_verb(app, "systems", "Health and load of every system behind a running gateway.")
_client_verb(app, "check", "Monitoring plug-in: OK, WARNING, CRITICAL or UNKNOWN by exit code, with figures.")
_client_verb(export_app, "export_checkmk", "The sections that Checkmk's own checks for such appliances read.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; its return value is the exit code (contract section 2)."""
    print_what_fits()
    try:
        code = app(arguments, exit_on_error=False, print_error=True, result_action="return_value")
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except ClientError as error:
        code = error.code
    except BrokenPipeError:
        close_stdout()
        code = Exit.READER_GONE
    except Exception as error:
        from cyclopts import CycloptsError

        if not isinstance(error, CycloptsError):
            raise
        code = _usage_code(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _usage_code(arguments: Sequence[str]) -> int:
    """2; a monitoring plug-in says UNKNOWN, on stdout, since 2 is its CRITICAL."""
    if list(arguments[:1]) != ["check"]:
        return 2
    print("UNKNOWN: the command line is not understood; see backup-gateway check --help")
    return 3


@app.command
def serve(*, config: Path) -> int:
    """Run the gateway.

    Parameters
    ----------
    config:
        The TOML configuration file.
    """
    from gateway.cli.serve import serve_file

    return serve_file(config)


@app.command
def demo(*, systems: int = 12, port: int = 8080) -> int:
    """Simulated appliances and a gateway over them, on this machine; Ctrl-C ends it.

    Parameters
    ----------
    systems:
        How many appliances.
    port:
        Where the gateway listens on 127.0.0.1.
    """
    from gateway.cli.demo import run_demo

    return run_demo(systems, port)


@app.command
def simulate(
    *,
    systems: int = 12,
    host: str = "127.0.0.1",
    first_port: int = 0,
    control_port: int = 0,
    base: Path | None = None,
    output: Path | None = None,
) -> int:
    """The simulated appliances alone; prints a configuration for them.

    Parameters
    ----------
    systems:
        How many appliances.
    host:
        Where they listen: an address or a name of this machine, by which the gateway reaches it.
    first_port:
        The first appliance's port, the others have those after it; 0 is any that are free.
    control_port:
        Where faults are switched on and off; 0 is any that is free.
    base:
        A file whose tables stand before those of the appliances, in place of [server].
    output:
        Write the configuration to this file, as a whole at once, and not to stdout.
    """
    from gateway.cli.demo import run_simulation

    return run_simulation(
        systems, host=host, first_port=first_port, control_port=control_port, base=base, output=output
    )


@config_app.command
def check(file: Path, *, online: bool = False) -> int:
    """Check a configuration file and name every fault of it.

    Parameters
    ----------
    file:
        The TOML configuration file.
    online:
        Log in to each appliance as well, and out again: one line for each, with the pin of an unknown certificate.
        Exit: 0 all are well, 1 some, 4 none, 2 for a bad file.
    """
    from gateway.cli.config import check_file

    return check_file(file, online=online)


@config_app.command
def schema() -> int:
    """Print the JSON Schema of the configuration file, for editors."""
    from gateway.cli.config import print_schema

    return print_schema()


@app.command
def fingerprint(url: str) -> int:
    """Print the pin of the certificate that an appliance shows.

    Parameters
    ----------
    url:
        The appliance's https:// address.
    """
    from gateway.cli.fingerprint import print_fingerprint

    return print_fingerprint(url)


@app.command(name="hash-password")
def hash_password() -> int:
    """Read a password from a prompt or from stdin and print its hash."""
    from gateway.cli.secrets import print_password_hash

    return print_password_hash()


@token_app.command
def new(name: Annotated[str, Parameter(help="What the token is for.")] = "my-tool") -> int:
    """Print a new static token once, and the lines for the configuration."""
    from gateway.cli.secrets import print_new_token

    return print_new_token(name)


@app.command
def completion(shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print the script that completes commands and flags in a shell.

    Parameters
    ----------
    shell:
        Which one. For bash: backup-gateway completion bash > ~/.local/share/bash-completion/completions/backup-gateway
    """
    print(app.generate_completion(shell=shell))
    return 0
