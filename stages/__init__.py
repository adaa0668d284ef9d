"""One step of the pipeline per file; each reads tables and writes one."""
