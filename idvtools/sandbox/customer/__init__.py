"""An application that uses the vendors as ours does: it calls them, is called by them, and logs both."""

from idvtools.sandbox.customer.application import Application
from idvtools.sandbox.customer.receiver import Receiver

__all__ = ["Application", "Receiver"]
