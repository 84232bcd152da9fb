"""What `--help` of a client verb shows first."""

from typing import Final

EXAMPLES: Final = {
    "backups": """\
Examples:
  export BACKUP_GATEWAY_URL=https://gw.example.com BACKUP_GATEWAY_TOKEN=…
  backup-gateway backups --status Failure --start-hours 24
  backup-gateway backups --customer Acme --type Full,Incremental --order-by start_epoch --order-direction desc
  backup-gateway backups --system-id 1,2 --start-day 11/01/2026 -o csv > november.csv
  backup-gateway backups --max-age 0 --deadline 5 -o ndjson | jq -r 'select(.id) | .client_name'""",
    "systems": """\
Examples:
  backup-gateway systems
  backup-gateway systems -o json | jq -r '.systems[] | select(.state != "ok") | .system_name'""",
    "check": """\
Examples:
  backup-gateway check --max-age 25h
  backup-gateway check --customer Acme --warning-late 5 --critical-late 20
  backup-gateway check --system-id 3 --critical-unreachable none --warning-unreachable 0""",
    "checkmk": """\
Examples:
  backup-gateway export checkmk > /var/lib/check_mk_agent/spool/900_backup-gateway
  backup-gateway export checkmk || [ $? = 1 ]     (a data source program must end with 0, also without one system)""",
}
