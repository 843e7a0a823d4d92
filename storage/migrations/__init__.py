"""The history of the tables. ``upgrade`` brings a database to the newest shape."""
