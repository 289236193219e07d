"""The brute-force reference: slow, plain, written from the specification alone. Shares no code with ``idvtools``."""
