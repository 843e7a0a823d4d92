"""Pure tables over storage: counts and rates, never changes. Each report is one file."""
