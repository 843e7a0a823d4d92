"""All that is alive: three doors (chat, staff, clock) lead to one desk, where every change happens."""
