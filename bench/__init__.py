"""Benchmarks. Each prints a ratio to a reference or ceiling measured in the same run, and fails below its target."""
