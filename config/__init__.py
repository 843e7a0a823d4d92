"""The knobs: settings, logging, and the data an operator edits. Imports nothing of ours."""
