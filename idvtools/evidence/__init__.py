"""Any file of evidence: what it is, what it holds, tables that can be trusted."""
