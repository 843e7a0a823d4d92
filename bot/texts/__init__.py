"""The words of the bot, by who reads them: ``group`` (no personal data) and ``private``. Decides nothing."""
