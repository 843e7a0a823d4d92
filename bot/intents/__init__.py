"""What a resident may mean. Pure: gate → keywords → frames → guards → decision, each with its reason.

The room, in the order a message meets it (a contents list and nothing else):

base       what understanding yields, and what one matter of the catalogue is
catalog/   the matters themselves, one TOML table each, and ``_speech.toml`` with the words all of them share
catalog    reads that folder
frames     the small language sentence frames are written in
lexicon    all words in one automaton
words      where one Chinese word ends and the next begins
gate       what is kept at all, and what a message is by its shape (relay, notice, advertisement)
emergency  what must not wait
slots      building, unit, room, phone, time, person
engine     the decision and its reasons
mask       personal data out of a text
"""
