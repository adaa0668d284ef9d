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
    r"(?:morning|afternoon|noon|midday|summer|spring|autumn|winter|daytime) (?:light|sun|sky|sunlight"
    r"|sunshine"
    r"|daylight|glow|glare|heat)",
    r"(?:bright|sunny|clear|cloudless|glorious|rainy|overcast|quiet|warm|crisp|fresh|cool|cold|foggy"
    r"|misty|hazy|frosty|busy|spring|summer|winter"
    r"|autumn) (?:morning|mid-?morning|lunchtime)",
    r"(?:cool|cold|warm|windy|foggy|misty|calm|spring|summer|winter|autumn|fall|fine|dry|wet|crisp"
    r"|gr[ae]y|dull"
    r"|gloomy|drizzly|mild|nice|lovely|glorious|cloudless|sun-filled|frosty|bleak) day",
    r"mid-?(?:morning|afternoon)",
    r"lunch ?time",
    r"(?:sun|sunlight|sunshine) (?:shines|shining|is shining|beats|beating|blazes|blazing|is high|glitters"
    r"|glittering|glints|gleams|streams|streaming|pours|pouring|filters|filtering|dapples|sparkles|bakes"
    r"|high|overhead|breaks through|bathes|warms)",
    r"(?:under|beneath|in|against|through) (?:the |a |an )?(?:\w{1,12} )?(?:sun|sunshine)(?=[.,;]|$)",
    r"sun-?(?:baked|dappled|splashed|kissed|bleached|washed|bathed|flooded|filled|scorched|warmed)",
    r"(?:cloudless|azure|clear blue|bright blue|deep blue|pale blue|overcast gr[ae]y) (?:sky|skies)",
    r"golden[- ]hour",
    r"(?:the |a )?sun (?:is |stands |hangs |rides |burns )?(?:now )?(?:straight |right |almost "
    r"|directly |high"
    r" |vertically )+(?:above|overhead|up|over|in the sky|at its)",
    r"(?:the |a )?sun (?:stands|hangs|rides|burns|sits|is) (?:\w{1,8} )?(?:high|overhead|above)",
    r"(?:mid-?)?(?:morning|afternoon|day)[- ]?(?:daylight|sunlight)",
    r"day (?:\w{1,10} )?light (?:pours|streams|floods|falls)",
    r"in (?:the )?(?:glaring|blazing|scorching|strong|hot|bright|full|harsh|midday|dazzling|brilliant) sun",
    r"(?:glaring|scorching|strong|dazzling|brilliant|searing|burning|merciless|strong desert) sun",
    r"sunbath\w{1,5}",
    r"(?:nine|ten|eleven) in the morning",
    r"(?:morning|midday|noonday|daytime) heat",
    r"(?:overcast|cloudy|hazy|diffused?) daylight",
)
NOT_DAY = any_of(
    r"day[- ]?light[- ](?:lamps?|bulbs?|balanced|film|leds?|tubes?|panels?|fluorescents?|simulat\w{1,6}"
    r"|colou?red|white|lights?)",
    r"(?:like|as \w{1,12} as|resembling|bright as|mimic\w{0,4}|imitat\w{1,4}|simulat\w{1,4}|artificial|almost"
    r"|as bright as) (?:bright |the |natural )?"
    r"(?:sunlight|daylight|sunshine|day-?time|noon|midday|day)",
    r"(?:says?|reads?|reading|saying) (?!(?:an?|the|in|on|at|under|his|her|by|from)\b)[\w'’]{1,15}"
    r"(?: [\w'’]{1,15})?",
    r"as (?:\w{1,12} ){0,3}in (?:broad |full )?(?:sunlight|daylight|sunshine)",
    r"day[- ]for[- ]night",
    r"(?:charged|powered|fed|driven|run) by (?:the )?(?:sunlight|sunshine|daylight|sun)",
    r"(?:stored|store|stores|block|blocks|blocking|without|against|collects?) (?:the )?(?:sunlight|daylight)",
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
    r"nocturnal (?:scene|street|city|setting|landscape|cityscape|atmosphere|ambience|mood)",
    r"(?:starry|star-?filled|star-?studded|star-?lit|star-?spangled|star-?strewn|moonlit"
    r"|pitch-?black|pitch-?dark"
    r"|jet-?black|inky(?: black)?|ink-?black) (?:night(?: sky)?|sky|skies|heavens|darkness)",
    r"(?:sky|skies|heavens) (?:\w{1,10} )?(?:full of|filled with|studded with|crowded with|thick with"
    r"|dotted with"
    r"|strewn with|bright with|scattered with) (?:\w{1,10} )?stars",
    r"(?:under|beneath|below|by) (?:the |a |an? \w{1,10} of )?(?:\w{1,10} )?(?:stars|milky way)",
    r"stars (?:twinkle|twinkling|glitter|glittering|shine|shining|sparkle|sparkling|glimmer|glimmering"
    r"|overhead"
    r"|above|fill the sky|wheel)",
    r"(?:a |the )?(?:full|crescent|half|pale|bright) moon (?:shines|glows|hangs|rises|lights"
    r"|illuminates|casts"
    r"|hovers|peeks|gleams)",
    r"(?:the |a )?moon(?:rise|beams?)",
    r"(?:the|a(?: \w{1,10})?) moon (?:hangs|stands|shines|rides|floats|lights|glows|illuminates|silvers|casts"
    r"|peers)",
    r"(?:lit|illuminated|lighted)(?: only| solely| just| faintly)? by (?:the "
    r"|a )?(?:\w{1,10} )?(?:moon|stars)",
    r"moon['’]s (?:light|glow|gleam|reflection)",
    r"(?:the )?milky way (?:arches|stretches|spans|glows|hangs|shines|rises|spreads|sprawls|wheels)",
    r"(?:at|around|about|past) (?:1|2|3|one|two|three) (?:a\.?m\b|o['’]clock at night)",
    r"(?:one|two|three|four) in the morning",
    r"(?:a|the) full moon",
    r"(?:in|into|under|against|beneath|below) (?:a|the) (?:\w{1,10} )?black sky"
    r"(?! (?:of|full of|heavy with|filled with) (?:\w{1,10} )?(?:storm|rain|cloud|smoke|ash)\w{0,2})",
    r"(?:dark|star-?filled|starry|star-?speckled|star-?lit|midnight|pitch-?black),? (?:star-?filled "
    r"|starry )?"
    r"night[- ]sky",
    r"dark,? (?:star-?filled|starry|moonlit|star-?strewn|star-?studded) sky",
    r"moon and (?:the )?stars are",
    r"(?:the )?(?:night|darkness) is (?:moonless|starless|black)",
    r"(?:light|glow|gleam) of (?:the |a )?(?:\w{1,10} )?(?:moon|stars)",
    r"moon and (?:the |a few |some |many )?stars",
    r"(?:under|beneath|below|by|in) (?:the |a )?(?:light of (?:the |a )?)?(?:full|crescent|half) moon",
    r"after (?:dark|nightfall|midnight|sundown)",
    r"(?:dead|middle|depths|still|dark|darkness) of (?:the )?night",
    r"(?:small|wee) hours",
    r"(?:black|deep|inky|pitch-?dark|pitch-?black|moonlit|star-?lit|sleepless|humid|balmy|hot|chilly"
    r"|frosty|busy"
    r"|lively|neon-?lit|rain-?soaked|desert|late-?) night(?! (?:of|before|after))",
    r"late[- ]night (?:scene|street|city|setting|drive|traffic|atmosphere|sky|air|walk|stroll|rain)",
    r"night[- ]?time (?:\w+ )?(?:scene|street|city|setting|darkness)",
    r"night(?: \w+)? (?:scene|street|sky|city|market|skyline|cityscape|lighting|atmosphere|exterior"
    r"|club scene)",
)
NOT_NIGHT = any_of(
    r"day[- ](?:for[- ]|to[- ]|into |and |or |turns? (?:to|into) )night",
    r"night (?:and|or|to|into) day",
    r"(?:pale|faint|ghostly|thin|daytime|white|paper|cardboard|painted) moon \w{1,12}",
    r"moon (?:\w{1,12} ){1,3}(?:blue|pale|bright|morning|afternoon|day) sky",
    r"good ?night",
    r"night[- ](?:stands?|tables?|lights?|vision|mode|owls?|gowns?|shirts?|dress|cream|herons?|shifts?"
    r"|before|guards?"
    r"|watchman|clubs?|caps?|classes|school|bus|lamps?|terrors?|fury|elf|elves|wear|out)",
    r"(?:last|tomorrow|opening|wedding|all|every|fight|game|movie|date|saturday|friday|sunday|monday"
    r"|thursday|tuesday"
    r"|wednesday|prom|arabian|previous|the other) nights?",
    r"(?:like|as dark as|dark as|black as|as black as|reminiscent of|as if at) (?:the |a )?"
    r"(?:\w{1,12} )?nights?",
    r"(?:for|piece of|colou?r of) the night",
    r"(?:after|from|since) (?:a|the) (?:\w{1,12} )?night",
    r"moonlight (?:sonata|serenade|shadow)",
    r"night (?:falls|fell|has fallen|comes|"
    r"approaches|descends|arrives|sets in|is falling)",
    r"(?:birds?|creatures?|king|queen|lord|hunters?|end) of the night",
    r"midnight(?:[- ](?:black|snack|oil|mass|run|sun|navy|purple|green|express|club|bar|blue|special|rider"
    r"|riders|poppy))",
    r"(?:under|beneath|below|by) (?:the |a |an? \w{1,10} of )?(?:\w{1,10} )?(?:gold|golden|silver|paper"
    r"|red|white"
    r"|yellow|blue|wooden|painted|printed|ninja|pop|film|movie|rock|embroidered|glittery|plastic|five"
    r"|three) stars",
    r"(?:painted|printed|fake|artificial|projected|planetarium(?:['’]s)?|cardboard|backdrop(?: of)?"
    r"|embroidered) (?:a |the )?(?:starry|star-?filled|night|moonlit) (?:night |sky|skies)",
    r"(?:the )?stars and (?:stripes|bars)",
    r"under the stars (?:and|of hollywood)",
    r"starry (?:eyes|eyed|pattern|print|fabric|dress|wallpaper|blanket|night print)",
)
TRANSITION = any_of(
    r"time-?lapses?",
    r"hyper-?lapse",
    r"day (?:turns?|turning|changes?|changing|fad(?:es|ing)|transition\w{0,3}|shifts?|giv(?:es|ing)"
    r"|gives way|passes|becomes?|slowly \w{1,12}|gradually \w{1,12}|dies|ends|breaks|wanes|draws)\b",
    r"(?:from|between) (?:\w+ )?(?:day|night|daylight|daytime|nighttime|afternoon|noon|morning|dawn|dusk"
    r"|sunlight|sunset|sunrise|midnight|evening)(?:light|time)?s? (?:to|into|through|and|until|till)",
    r"night (?:falls?|fell|has fallen|comes|approach(?:es|ing)|descends|arrives|sets in|is falling"
    r"|turns|gives"
    r" way|fades|ends|passes|falling|settles|closes in|draws)",
    r"(?:in)?to night(?:fall)?",
    r"(?:to|into) (?:full |bright |broad )?(?:day|daylight|morning)(?= ?[.,;]| and| as| while|$)",
    r"turns? dark",
    r"(?:grow|get|become|turn)(?:s|ing)? (?:dark|darker|light|lighter)",
    r"moon ?sets?",
    r"sun (?:is |slowly )?(?:moves|arcs|travels|disappears|vanishes|goes down)",
    r"moon (?:is |slowly )?(?:setting|rising|rises|sinks|dips|goes down|comes up|disappears|vanishes|moves"
    r"|arcs|travels|climbs)",
    r"sun ?down",
    r"dusk",
    r"dawn\w{0,3}",
    r"twilight",
    # Sunlight falls on what it lights, and ends no day.
    r"(?:light|daylight|sunlight|darkness) (?:\w+ly )?(?:fades|sinks|dips|fails|dwindles|wanes|gathers)",
    r"darkness (?:\w+ly )?(?:lifts|falls)",
    r"nightfall",
    r"day[- ]for[- ]night",
    r"(?:day|night) (?:and|or|&) (?:day|night)",
    r"(?:cycle|passage|lapse|passing) of (?:time|a day|the day|days)",
    r"(?:hours|days|a day) (?:pass|go by|passes)",
    r"split[- ]screen",
    r"comics?",
    r"astronauts?|cosmonauts?|satellites?|lunar|outer space|spacecraft|space (?:station|walk|ship|suit)s?",
    r"on the moon|in orbit|planets?",
    r"side by side",
    r"montage",
    r"flashbacks?",
    r"on one (?:side|half)",
    r"daybreak",
    r"by day\b[^\n]{0,200}\bby night",
    r"by night\b[^\n]{0,200}\bby day",
    r"both day",
    r"gives? way to",
    r"eclipse",
    r"midnight sun",
    r"sun (?:\w{1,12} )?at midnight",
    r"white nights",
    r"polar (?:night|day)",
    r"(?:next|following) (?:morning|day|night)",
)
"""Ways to tell that the light changes, that the clip has parts, or that it is of no place on earth."""
SUN_AT_RIM = any_of(
    r"sunrises?",
    r"sun ?sets?",
    r"sun (?:is |slowly )?(?:setting|rising|rises|sinks|dips|comes up|climbs)",
)
"""Neither day nor night, and where one becomes the other."""
LOW_SUN = any_of(
    r"sun ?(?:rise|set)s?",
    r"sun (?:is |slowly )?(?:setting|rising|rises|comes up|climbs)",
    r"(?:rising|setting|low) sun",
)
"""Not in the depth of the night, all the same."""
DEEP_NIGHT = any_of(
    r"at midnight",
    r"(?:starry|moonlit|star-?filled|star-?lit|pitch-?black|pitch-?dark) night",
    r"(?:dead|middle|depths) of (?:the )?night",
    r"moon and (?:the )?stars",
    r"(?:under|beneath|below) (?:the|a) (?:full moon|stars|milky way|starry sky|star-?filled sky)",
)
AFTER_SUN = any_of(
    r"(?:after|before|until|since|past) (?:the )?sun\w{0,5}",
    r"night ?fall",
    r"evening",
    r"glow\w{0,3}",
    r"afterglow",
    r"later",
    r"last",
    r"first stars?",
    r"sun\w{0,6}",
)
"""Beside a night that follows the sun."""
PARTS = any_of(
    r"transitions?",
    r"transitioning",
    r"cuts? to",
    r"fades? (?:in)?to",
    r"later",
    r"finally",
    r"eventually",
    r"(?:scene|shot|view|setting) (?:changes|shifts|switches|moves|cuts|fades)",
    r"becomes?",
)
"""The same in a sentence with a time of day."""
IN_TURN = any_of(
    r"until",
    r"(?<!now and )then(?! and there)",
    r"after(?! (?:another|dark|midnight|nightfall|sundown))",
    r"before(?! (?:an?|the|his|her|their) (?:\w+ )?(?:crowd|audience|camera|mirror|altar|fans|house|gate"
    r"|door))",
    r"now(?! and (?:then|again))",
    r"(?<!its )(?<!the )(?<!an )(?<!one )(?<!far )(?<!other )ends?",
    r"begins?",
    r"starts?",
    r"opens?(?!-)",
)
"""Words by which a sentence has a before and an after, of whatever it is: its time of day does not count."""
DEPICTED = any_of(
    r"on (?:the|his|her|a|its|their) (?:\w+ )?(?:display|screen|monitor|television|tv|phone|tablet|laptop)",
    r"posters?",
    r"paintings?",
    r"painted",
    r"photo(?:graph)?s?(?! (?:an?|the|their|each|it|him|them)\b)",
    r"dome",
    r"projectors?",
    r"planetarium",
    r"cinemas?",
    r"(?:theatre|theater|stage|film|movie) sets?",
    r"scenery",
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
    r"recalls?",
    r"rehears\w{1,4}",
    r"snow ?globes?",
    r"carved|engraved|embroidered|printed|tattoo\w{0,3}",
    r"video ?games?",
    r"remembers?",
)
"""A picture within the picture may have another time of day than the room."""
PITCH_DARK = any_of(
    r"(?:complete|total|utter|absolute|near|near-total|near-complete|almost complete|almost total"
    r"|pitch-?black"
    r"|pitch-?dark|impenetrable) darkness",
    r"pitch[- ](?:black|dark) (?:room|night|cave|depths|tunnel|cellar|frame|screen|interior|corridor|forest"
    r"|scene|shaft|street|basement|picture|image)",
    r"(?:is|are|remains|stays) (?:almost |nearly |entirely |completely |totally )*pitch[- ](?:black|dark)",
    r"(?:almost|nearly) (?:no|without) light",
)
"""Of a picture that is dark all over, whatever the time."""
GLARING = any_of(
    r"abundant (?:\w{1,12} )?(?:day|sun)?light",
    r"(?:bright|brilliant|dazzling|blazing|glaring|abundant|full) (?:\w{1,12} )?(?:day|sun)light",
    r"(?:day|sun)light (?:pours|floods|fills)",
    r"(?:flooded|drenched|filled|awash) (?:with|in) (?:\w{1,12} )?(?:day|sun)light",
    r"(?:glaring|blazing|dazzling|brilliant) sun(?:shine)?",
    r"bright sunshine",
    r"sun-?(?:drenched|flooded|filled|soaked)",
)
"""Of a picture that is bright all over."""
