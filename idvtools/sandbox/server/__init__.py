"""All five vendors on loopback as one seeded server: strict as the real ones, with faults on request."""

from idvtools.sandbox.server.running import Sandbox

__all__ = ["Sandbox"]
