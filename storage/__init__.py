"""The nouns: one table family per file. Never imports the bot; asks no policy, sends nothing."""
