"""Simulated backup appliances: realistic lists, two dialects, real sockets, and every fault.

An independent oracle: nothing here imports the rest of the gateway, and nothing of the gateway
decides what an appliance answers.
"""

from gateway.simulator.appliance import LOOPBACK, Appliance
from gateway.simulator.farm import Farm
from gateway.simulator.faults import Fault
from gateway.simulator.records import Record, generate, generate_rows
from gateway.simulator.spec import ApplianceSpec

__all__ = ["LOOPBACK", "Appliance", "ApplianceSpec", "Farm", "Fault", "Record", "generate", "generate_rows"]
