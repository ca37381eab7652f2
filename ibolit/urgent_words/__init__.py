"""Whether words speak of an emergency: «Похоже на неотложное состояние. Звоните 103 или 112».

One list of words by their forms (words.txt, and what a clinic adds) is read by two engines that answer alike:
`UrgentWords.groups_in` here, and `static/js/urgent-words.js` in the browser, offline too. `packed()` is what the
browser gets. tests/urgent/sentences.csv is asked of both.
"""

from .list_of_words import GROUPS, ListOfWords, WordsUnreadable, read
from .matching import OWN, UrgentWords, words_of_program, words_with

__all__ = ["GROUPS", "OWN", "ListOfWords", "UrgentWords", "WordsUnreadable", "read", "words_of_program", "words_with"]
