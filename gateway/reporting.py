"""From an answer to its report: the history of its rows, and what its system is and costs."""

from gateway.model import SystemAnswer
from gateway.report import SystemReport
from gateway.stack import Gateway


async def report_of(gateway: Gateway, answer: SystemAnswer) -> SystemReport | None:
    """What is told of the system of an answer, now; None where the configuration does not have it any more."""
    history = await gateway.histories.of(answer.backups)
    system = gateway.systems.get(answer.system_id)
    if system is None:
        return None
    return SystemReport(system.config, answer, history, gateway.ledger.of(answer.system_id), gateway.wall())
