"""`hash-password` and `token new`: credentials for the configuration."""

import getpass
import json
import sys

from gateway.callers.access import LONGEST_PASSWORD_BYTES
from gateway.callers.accounts import new_token, token_hash
from gateway.callers.hashing import hash_password


def print_password_hash() -> int:
    """The argon2id hash of a password that is typed or piped in."""
    try:
        if sys.stdin.isatty():
            password = getpass.getpass("Password: ", stream=sys.stderr)
            if password != getpass.getpass("Again: ", stream=sys.stderr):
                print("the two passwords differ", file=sys.stderr)
                return 2
        else:
            password = sys.stdin.buffer.readline().decode().rstrip("\r\n")
        size = len(password.encode())
    except UnicodeError:  # a login sends UTF-8, so no login could send this one
        print("the password is not UTF-8", file=sys.stderr)
        return 2
    if not 0 < size <= LONGEST_PASSWORD_BYTES:
        print(f"the password must have 1 to {LONGEST_PASSWORD_BYTES} bytes", file=sys.stderr)
        return 2
    print(hash_password(password))
    return 0


def print_new_token(name: str) -> int:
    """The token, once, and the table for the configuration that knows only its hash."""
    token = new_token()
    print(token)
    print(f'\n[[token]]\nname = {json.dumps(name)}\ntoken_hash = "{token_hash(token)}"\nsystems = "all"')
    return 0
