"""idvtools: what did we really use, what may the vendor charge, and what proves it?"""
__version__ = "0.1.0"
