"""The verbs: every change of the world happens here, in the caller's transaction, and leaves its events."""
