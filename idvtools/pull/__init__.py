"""What touches the network: one way to send, sessions shared by all processes, calls that renew and retry once."""

from idvtools.pull.caller import Caller
from idvtools.pull.sessions import Session, Sessions
from idvtools.pull.transport import Transport

__all__ = ["Caller", "Session", "Sessions", "Transport"]
