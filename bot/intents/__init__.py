"""What a resident may mean. Pure: gate → keywords → frames → guards → decision, each with its reason.

The room, in the order a message meets it (a contents list and nothing else):

base       what understanding yields, and what one matter of the catalogue is
catalog/   the matters themselves, one TOML table each, and ``_speech.toml`` with the words all of them share
catalog    reads that folder
frames     the small language sentence frames are written in
kept       what was read and found right at an earlier start
later      patterns of the code, compiled when they are first used
lexicon    all words in one automaton
words      where one Chinese word ends and the next begins
gate       what is kept at all, and what a message is by its shape (relay, notice, advertisement)
emergency  what must not wait
slots      building, unit, room, phone, time, person
engine     the decision and its reasons
followup   what a line says of a case that is there; its ways of speaking stand in ``followup.toml``
proxy      for whom somebody speaks
answers    what ``classify`` says of one line
mask       personal data out of a text
"""
