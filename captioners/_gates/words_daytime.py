"""Words for day and night, and for what only sounds like them."""

from captioners._gates.words import any_of

DAY = any_of(
    r"day[- ]?time",
    r"in (?:broad |bright |full |natural )?daylight",
    r"broad daylight",
    r"bright daylight",
    r"natural daylight",
    r"(?<!as bright as )daylight(?! savings?)",
    r"sunn(?:y|ier)(?![- ](?:side|smile|disposition|personality|yellow|mood|expression|face))",
    r"sunlit",
    r"sunlight",
    r"sunshine",
    r"sun-?drenched",
    r"sun-?soaked",
    r"mid-?day",
    r"noon(?:day|time)?",
    r"afternoon",
    r"blue sky",
    r"blue skies",
    r"(?:bright|clear|overcast|cloudy|rainy|grey|gray|hot|warm summer|summer['’]s|beautiful|hazy|snowy) day",
    r"during the day",
    r"by day",
    r"(?:bright|blazing|midday|hot|noon|harsh|high) sun",
    r"morning (?:light|sun)",
    r"sun (?:shines|is shining|beats|blazes|is high)",
)
NOT_DAY = any_of(
    r"day[- ]?light[- ](?:lamps?|bulbs?|balanced|film|leds?|tubes?|panels?|fluorescents?|simulat\w{1,6}"
    r"|colou?red|white|lights?)",
    r"(?:like|as|resembling|mimic\w{0,4}|imitat\w{1,4}|simulat\w{1,4}|artificial|almost"
    r"|as bright as) (?:bright |the |natural )?"
    r"(?:sunlight|daylight|sunshine|day-?time|noon|midday|day)",
    r"day[- ]for[- ]night",
)
NIGHT = any_of(
    r"(?<![^,;] )night(?=[,.;]|$)",
    r"(?:at|by|in the|into the|during the|through the|under the|of|is|a|the) night(?! (?:of|before|after"
    r"|with))(?=[.,;:!?]|$| (?:sky|scene|street|market|city|view|air|traffic|skyline|lights|landscape"
    r"|setting|shot|drive|fair|time|and|as|while|in|on|over|outside|under|with))",
    r"(?:at|by) night",
    r"(?:dark|rainy|cold|clear|starry|summer|winter|quiet|late|moonless|foggy|stormy|warm|snowy|windy|still"
    r"|calm|deep|cool|misty|pitch-black|city|urban) night",
    r"night (?:sky|scene|street|market|city|view|traffic|skyline|landscape|shot|drive)",
    r"it is (?:\w{1,12} )?night",
    r"night[- ]?time",
    r"moon-?lit",
    r"moon-?light",
    r"midnight(?![- ]blue)",
    r"starry sky",
    r"starlit",
    r"nocturnal (?:scene|street|city|setting|landscape)",
)
NOT_NIGHT = any_of(
    r"day[- ](?:for[- ]|to[- ]|into |and |or |turns? (?:to|into) )night",
    r"night (?:and|or|to|into) day",
    r"good ?night",
    r"night[- ](?:stands?|tables?|lights?|vision|mode|owls?|gowns?|shirts?|dress|cream|herons?|shifts?"
    r"|before|guards?"
    r"|watchman|clubs?|caps?|classes|school|bus|lamps?|terrors?|fury|elf|elves|wear|out)",
    r"(?:last|tomorrow|opening|wedding|all|every|fight|game|movie|date|saturday|friday|sunday|monday"
    r"|thursday|tuesday"
    r"|wednesday|prom|arabian|previous|the other) nights?",
    r"(?:like|as dark as|dark as|black as|as black as|reminiscent of|as if at) (?:the |a )?nights?",
    r"night (?:falls|fell|has fallen|comes|"
    r"approaches|descends|arrives|sets in|is falling)",
    r"(?:birds?|creatures?|king|queen|lord|hunters?|end) of the night",
    r"midnight (?:black|snack|oil|mass|run|sun)",
)
TRANSITION = any_of(
    r"time-?lapse",
    r"day (?:turns?|turning|changes?|changing|fad(?:es|ing)|transition\w{0,3}|shifts?|giv(?:es|ing)"
    r"|gives way|passes|becomes?|slowly \w{1,12}|gradually \w{1,12})\b",
    r"(?:from|between) (?:\w+ )?(?:day|night|daylight|daytime|nighttime|afternoon|noon|morning|dawn|dusk"
    r"|sunlight)(?:light|time)? (?:to|into|through|and|until)",
    r"night (?:falls|fell|has fallen|comes|approaches|descends|arrives|sets in|is falling|turns|gives way)",
    r"(?:in)?to night",
    r"turns? dark",
    r"sun ?sets?",
    r"sunrise",
    r"dusk",
    r"dawn",
    r"twilight",
    r"(?:sun|light) (?:goes down|fades|sinks|dips)",
    r"nightfall",
    r"day[- ]for[- ]night",
    r"day and night",
    r"night and day",
    r"day or night",
    r"until",
    r"transitions?",
    r"transitioning",
    r"split[- ]screen",
    r"side by side",
    r"montage",
    r"flashbacks?",
    r"cuts? to",
    r"fades? (?:in)?to",
    r"later",
    r"after dark",
    r"on one (?:side|half)",
    r"daybreak",
    r"by day",
    r"gives way",
)
"""Ways to tell that the light changes, or that the clip has parts."""
DEPICTED = any_of(
    r"posters?",
    r"paintings?",
    r"painted",
    r"photo(?:graph)?s?",
    r"murals?",
    r"billboards?",
    r"postcards?",
    r"magazine",
    r"wallpaper",
    r"backdrop",
    r"drawings?",
    r"aquarium",
    r"dreams?",
    r"memor(?:y|ies)",
    r"titled",
    r"called",
    r"named",
    r"(?:phone|laptop|tablet|tv|television|screen|monitor|projector)s?"
    r" (?:shows?|showing|displays?|displaying|plays?|playing)",
    r"on (?:an?|the|his|her|their) (?:\w{1,15} )?(?:screens?|phone|monitor|television|tv|laptop|tablet)",
    r"projected",
)
"""A picture within the picture may have another time of day than the room."""
