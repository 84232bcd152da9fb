"""What `--help` of a client verb shows first."""

from typing import Final

EXAMPLES: Final = {
    "backups": """\
Examples:
  export BACKUP_GATEWAY_URL=https://gw.example.com BACKUP_GATEWAY_TOKEN=…
  backup-gateway backups --status Failure --start-hours 24
  backup-gateway backups --customer Acme --type Full,Incremental --tag gold
  backup-gateway backups --system-id 1,2 --start-day 11/01/2026 -o csv > nov.csv
  backup-gateway backups --order-by start_epoch --order-direction desc
  backup-gateway backups --max-age 0 --deadline 5 -o ndjson | jq .client_name""",
    "systems": """\
Examples:
  backup-gateway systems
  backup-gateway systems -o ndjson | jq -r 'select(.state != "ok").system_name'""",
    "check": """\
Examples:
  backup-gateway check --max-age 25h
  backup-gateway check --customer Acme --warning-late 5 --critical-late 20
  backup-gateway check --system-id 3 --critical-unreachable none""",
    "checkmk": """\
Examples:
  backup-gateway export checkmk > /var/lib/check_mk_agent/spool/900_backups
  backup-gateway export checkmk || [ $? = 1 ]   (as a data source program, whose
  output counts only when it ends with 0, also when one system is away)""",
}
