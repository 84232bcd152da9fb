"""From an answer to its report: the history of its rows, and what its system is and costs."""

from gateway.model import SystemAnswer
from gateway.report import SystemReport
from gateway.stack import Gateway


async def report_of(gateway: Gateway, answer: SystemAnswer) -> SystemReport:
    """What is told of the system of an answer, now."""
    history = await gateway.histories.of(answer.backups)
    system, ledger = gateway.systems[answer.system_id].config, gateway.ledger.of(answer.system_id)
    return SystemReport(system, answer, history, ledger, gateway.wall())
