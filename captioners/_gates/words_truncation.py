"""Words by which a piece of a word is told from a whole one."""

from captioners._gates.words import names

SHORTEST = names(
    "a ace act ad add age ago aid aim air ale all am an and ant any ape arc are arm art as ash ask at ate "
    "atm atv awe ax axe bad bag ban bao bar bat bay be bed bee beg bet bib bid big bin bit bmx bow box "
    "boy bra bud bug bun bus but buy by bye cab can cap car cat chi cm cob cod cog cop cot cow cry cub "
    "cud cue cup cut dab dad day den dew did die dig dim dip dj do doe dog dot dry dub due dug dye ear "
    "eat eel egg ego elk elm emu end era eve eye fan far fat fed fee few fez fig fin fir fit fix flu fly "
    "foe fog for fox fro fry ft fun fur gap gas gem get gig gin gnu go got gps gum gun gut guy gym had "
    "ham has hat hay he hem hen her hew hi hid him hip his hit hob hoe hog hop hot how hub hue hug hum "
    "hut i ice icy if ill imp in ink inn ion ire is it its ivy jab jam jar jaw jet job jog joy jug keg "
    "key kg kid kin kit km koi lab lad lap law lay lcd led leg let lid lie lip lit log lot low mad man "
    "map mat may me men met mid mix ml mm mob mop mow mud mug my nap neck net new nib nil no nod nor not "
    "now nun nut oak oar oat obi odd of off oh oil ok old on one or orb ore our out owl own pad pan par "
    "pat paw pay pea peg pen pet pew pho pie pig pin pit ply pod pop pot pub pug pup put rag ram ran rap "
    "rat raw ray red rib rid rig rim rip rob rod roe rot row rub rug rum run rye sad sap sat saw sax say "
    "sea see set sew she shy sip sir sit six ski sky sly so sob son sow spa spy sub sum sun suv tab tag "
    "tan tap tar tax tea tee ten the tie tin tip to toe ton too top tow toy try tub tug tv two up urn us "
    "usb use van vat vet vow wad wag war was wax way we web wed wet who why wig win wit wok won yak yam "
    "yap yes yet yew you zip zoo "
)
"""English words and units of at most three letters: another end of that length is a piece of a word."""
ENDINGS = names(
    "s es d ed ing er ers ly y n en est ish ness less ful al ern ward wards t th 's set light shine rise "
    "flower fall man men room side way yard house board work ball line mark top pot cup cake coat bow "
    "drop storm print path step stone stool stand book case shelf table cloth post card paper pack flake "
    "field land lands scape front back ground craft plane port boat ship shore crop bird fly worm tail "
)
"""What a whole word may go on with in another one: `sun` ends a sentence where a sunset is told of."""
