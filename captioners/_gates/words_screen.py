"""How models speak of the medium in words that things in a scene have too: of scenes, shots, sequences and
screens, of whoever watches, and of a camera that records.

Each family of phrases has the words that stand beside such a thing where it is seen: a scene beside actors,
a shot beside a ball. A phrase is talk where none of them is near."""

from dataclasses import dataclass

from captioners._gates.words import Words, any_of
from captioners._gates.words_seen import BALLS, CREW, DEVICES, MADE, PHOTOGRAPHERS, STAGE

BY_THE_WAY = r"(?:(?:\w{2,14}ly|then|also|now|first|next|later|soon|only|further|just|again) ){0,2}"
TELLS = (
    r"(?:shows?|depicts?|captures?|features?|showcases?|portrays?|presents?|illustrates?|highlights?|conveys?"
    r"|documents?|emphasi[sz]es?|introduces?|focus(?:es)?|cent(?:er|re)s? (?:on|around)|includes?"
    r"|consists? of"
    r"|suggests?|evokes?|alternates?|zooms|reveals?|provides|offers|gives)"
)
_RUNS = (
    r"(?:begins?|starts?|opens?|ends?|concludes?|closes? (?:with|on|as|by|out)|finish(?:es)?|continues?"
    r"|progress(?:es)?|unfolds?|proceeds?|plays? out|lasts?|loops?|repeats|freezes|is set|takes? place|runs)"
)
_CUTS = (
    r"(?:cuts?|fades?|dissolves?|transitions?|switch(?:es)?|(?:shifts?|jumps?|changes?|moves?|returns?|goes)"
    r" (?:back |over |away )?(?:to|into|between|from))"
)
_IN_TURN = (
    r"(?:first|second|third|fourth|fifth|next|following|previous|preceding|subsequent|final|last|opening"
    r"|closing"
    r"|initial|early|earlier|later|concluding|introductory|establishing|end|other)"
)
PARTS = (
    r"(?:start|beginning|end|close|middle|midpoint|half|opening|conclusion|remainder|rest|duration|course"
    r"|length|entirety)"
)
_TURNS = (
    r"(?:progress(?:es)?|continues?|unfolds?|ends?|begins?|starts?|opens?|closes|concludes?|proceeds|advances"
    r"|develops|plays(?: out| on)?|goes on|moves (?:on|forward|along)|changes|shifts|transitions|cuts|fades)"
)
_FEWER = r"(?:few |two |three |several |couple of )?"


@dataclass(frozen=True, slots=True)
class Family:
    said: Words
    things: Words
    """Beside one of these it is a thing that is seen."""


_THE_SEQUENCE = r"(?:the|this) (?:entire |whole |short |brief )?sequence"
_FILMED = (
    r"(?:(?:filmed|recorded) (?:from|with|using|in|at|through|on|handheld|by (?:an? )?(?:drone|hand|fixed"
    r"|static|moving|stationary|security))"
    r"|captured in an? (?:[\w-]{1,12} ){0,2}(?:shot|take)|(?:captured|shot|photographed) (?:from (?:an?"
    r"|the|above|below|behind|inside|across|ground|eye|overhead"
    r"|high|low)"
    r"|in (?:slow|black|portrait|landscape|a single|one (?:take|shot|continuous)|real|close|high|4k|wide"
    r"|extreme|vivid)|using|at eye|with (?:an? |the )?(?:[\w-]{1,15} )?(?:camera|lens|drone|focus|angle"
    r"|depth)))"
)


SCENES = Family(
    any_of(
        rf"(?:the|this|that|each|one|every|whole|entire|overall) scene {BY_THE_WAY}(?:{TELLS}(?! signs)"
        rf"|{_RUNS}|{_CUTS}"
        r"|(?:appears?|seems?) to (?:be|show|take|have been)|is (?:\w+ly )?(?:captured|filmed|shot|shown"
        r"|recorded|depicted|presented|framed|viewed|seen) (?:from|in|with|at|through|as|using))",
        rf"(?:as|while|when|before|after|until|once) (?:the|this) scene {BY_THE_WAY}{_TURNS}",
        rf"(?:{PARTS}|focus|focal point|main subject) of (?:the|this) (?:entire |whole )?scene",
        r"(?:throughout|across) (?:the|this) (?:entire |whole )?scene",
        r"(?:nobody|nothing|no one|anyone|anything|else|visible|seen|shown|present|people|elements"
        r"|movement|sound)"
        r" (?:\w+ )?(?:in|within) (?:the|this) scene",
        r"(?:in|during|within) (?:this|that|each|every) (?:short |brief )?scene",
        r"scene (?:changes? (?:to|into)|transitions?|cuts?)|scenes (?:change|switch|alternate|shift)"
        r"|between scenes|(?:from|one) scene to (?:scene"
        r"|the next|another)",
    ),
    Words(rf"\b(?:{CREW}|{STAGE}|{MADE}|{DEVICES})\b"),
)
SCENES_IN_TURN = Family(
    any_of(
        rf"(?:the|an?) {_IN_TURN} {_FEWER}scenes? {BY_THE_WAY}(?:{TELLS}|{_RUNS}|{_CUTS}|is|are|has"
        r"|finds|sees"
        r"|brings|takes)",
        rf"(?:in|during|from|by|until|throughout|with) (?:the|an?) (?:very )?{_IN_TURN} {_FEWER}scenes?"
        r"(?! (?:of (?:the|a|his|her) (?:play|opera|ballet|act|show|musical|drama)))",
        r"in (?:one|another|some|other) scenes?(?= ?,| (?:he|she|they|it|an?|the|two)\b)",
        r"(?:several|multiple|various|different|many) scenes (?:show|depict|feature|are|of|from|in|with)",
    ),
    Words(rf"\b(?:{CREW}|{STAGE}|{MADE}|{DEVICES}|stages?|dancers?|ballet)\b"),
)
SHOTS = Family(
    any_of(
        rf"(?:the|this|that|each|every) (?:{_IN_TURN} |[\w-]{{2,12}} )?shot {BY_THE_WAY}(?:{TELLS}"
        rf"|{_RUNS}|{_CUTS}|is"
        r" (?:\w+ly )?(?:taken|filmed|captured|framed|composed|recorded|set|of|from|presented|in (?:slow"
        r"|black)))",
        r"(?:in|during|from|by|until|throughout"
        rf"|with) the (?:very )?{_IN_TURN} {_FEWER}(?:[\w-]{{4,12}} )?shots?"
        r"(?! (?:at|on|put|glass)\b)",
        rf"(?:the|an?) {_IN_TURN} {_FEWER}shots? {BY_THE_WAY}(?:{TELLS}|is|are|finds|brings|takes)",
        r"(?:in|within|throughout|during|across) (?:this|these|each|every"
        r"|all) (?:of the )?(?:[\w-]{2,12} )?shots?",
        r"in (?:one|another|some|other) shots?(?= ?,| (?:he|she|they|it|an?|the|two)\b)",
        r"(?:consecutive|successive|several|multiple|various|different|quick|alternating) shots"
        r"(?: of| from| show| in|(?= ?[,.;]| as))",
        rf"(?:{PARTS}|focus|focal point|main subject) of (?:the|this) shot",
        rf"(?:as|while|when|before|until) (?:the|this) shot {BY_THE_WAY}{_TURNS}",
        r"(?:the|this) (?:[\w-]{2,12} )?shot (?:lingers|holds on|dwells|stays on)|shots? (?:in which|where)",
        r"(?:in|during|throughout|within|across) the (?:entire |whole )?shot|between shots|(?:from"
        r"|one) shot to (?:shot|the next|another)",
    ),
    Words(rf"\b(?:{BALLS}|{CREW}|{PHOTOGRAPHERS}|{DEVICES})\b"),
)
SHOTS_CUT = Family(
    any_of(
        r"(?:the|this) shot (?:then |abruptly |suddenly |quickly |slowly |now )?(?:transitions|dissolves"
        r"|fades"
        r"|cuts (?:back |away )?to|switches (?:back )?to|shifts (?:back )?to"
        r"|is (?:\w+ly )?(?:filmed|framed|composed|taken from (?:an? |the )?(?:behind|above|below|inside"
        r"|overhead|across"
        r"|low|high|side|slightly|ground|fixed|moving|drone|distance)))",
        r"(?:this|each|every) shot (?:is|was) (?:\w+ly )?(?:taken|captured)",
    ),
    Words(rf"\b(?:{CREW}|{DEVICES})\b"),
)
SEQUENCES = Family(
    any_of(
        rf"{_THE_SEQUENCE} (?:of (?:events|actions|shots|scenes|clips|moments) )?{BY_THE_WAY}(?:{TELLS}"
        rf"|{_RUNS}"
        rf"|{_CUTS}|is (?:set|filmed|captured|shot|shown)|appears|seems)",
        rf"(?:in|throughout|across|during|within|over) {_THE_SEQUENCE}(?! of (?!events|shots|scenes|clips))",
        rf"(?:the|an?|in|this) {_IN_TURN} sequence (?:{TELLS}|{_RUNS}|is|of (?:shots|scenes|clips)|,)",
        rf"(?:as|while|when|before|until) {_THE_SEQUENCE} {BY_THE_WAY}{_TURNS}",
        rf"{PARTS} of {_THE_SEQUENCE}|(?:by|from|of) the sequence(?= ?[,.;]| that\b| (?:he|she|it|they)\b)",
        r"(?:sequence|series|succession|montage|compilation|collection) of (?:[\w-]{1,15} ){0,2}(?:shots"
        r"|scenes"
        r"|clips|video clips)",
    ),
    Words(
        r"\b(?:danc\w{1,4}|buttons|numbers|digits|codes?|keyboard|music\w{0,4}"
        r"|pian\w{1,4}|orchestra|conductor|gymnasts?|routine|choreograph\w{1,4}|yoga|juggl\w{1,4}|puzzles?"
        rf"|magicians?|drum\w{{0,5}}|chords?|traffic lights?|kata|{CREW}|{DEVICES})\b"
    ),
)
FILMS = Family(
    any_of(
        rf"(?:the|this) (?:(?:short|brief|entire|whole|silent|animated|{_IN_TURN}) )?(?:film|movie|montage"
        r"|segment"
        r"|snippet|animation|time-?lapse(?: sequence)?|advert(?:isement)?|commercial|documentary|vlog|reel"
        r"|gif"
        rf"|compilation|trailer|tutorial|broadcast|livestream|video feed) {BY_THE_WAY}(?:{TELLS}|{_RUNS}"
        rf"|{_CUTS}|is (?:set|filmed|shot"
        r"|captured|about))",
        rf"(?:an?|the) (?:instant |slow-?motion )?replay {BY_THE_WAY}(?:{TELLS}|{_RUNS})",
        r"(?:in|throughout|during) (?:the|this) (?:short |brief )?(?:segment|montage|snippet|animation"
        r"|time-?lapse)(?= ?[,.;]| (?:the|an?|he|she|it|they)\b)",
    ),
    Words(
        rf"\b(?:{CREW}|{DEVICES}|{MADE}|watch(?:es|ing)|piano|pianist|reels?|orange|lime|lemon|audience)\b"
    ),
)
SCREENS = Family(
    any_of(
        r"(?:on|off)-?screen(?! (?:texts?|graphics?|captions?|titles?|displays?|keyboard|menu|timer|prompt"
        r"|buttons?|lettering|words|lyrics|subtitles?))",
        r"(?:appears?|appearing|visible|seen|shown|displayed|remains?|remaining|stays?|flashes|pops up"
        r"|written"
        r"|texts?|words|logo|title|present|letters) on (?:the )?screen",
        r"(?:the|whole|entire) screen (?:\w+ly |then |also |now )?(?:fades?|goes|turns|cuts|dissolves"
        r"|transitions"
        r"|splits|flashes|becomes|is (?:split|divided|filled|black|dark))",
        r"(?:of|across|fills?|filling|leaves|enters|exits|off|onto|occup(?:y|ies|ying)|dominates?|covers?"
        r"|covering)"
        r" (?:the|this) (?:entire |whole )?screen(?! (?:door|mesh|of)\b)",
    ),
    Words(
        rf"\b(?:{DEVICES}|(?:folding|paper|mesh|porch|silk|wooden|hospital|lattice|shoji|bamboo|privacy|fire)"
        r" screens?|robots?|atm|dashboard)\b"
    ),
)
FADES = Family(
    any_of(
        r"fad(?:es?|ing) (?:(?:in|out|slowly|gradually) )?(?:to|from) black"
        r"|(?:scene|shot|picture|image|view|screen|everything|it) (?:\w+ly )?fades (?:out )?(?:in)?to white",
        r"(?:picture|image|view|scene|shot|everything) (?:\w+ly )?(?:fades out|fades in|goes black|cuts out)",
        r"fade-?(?:in|out)s?|cross-?fad(?:es?|ing)|(?:jump|smash|match|hard) cuts?|fade to black",
        r"dissolves? (?:in)?to (?:an? |the )?(?:[\w-]{1,15} ){0,2}(?:shot|scene|view|image|picture|frame"
        r"|close-?up"
        r"|clip)",
        r"(?:after|with|there is|there['’]s|following|then|comes) an? (?:(?:quick|sudden|hard|abrupt|sharp"
        r"|single|brief"
        r"|smooth|short|slow|visible|clear) )?(?:cut|transition|dissolve|fade|time jump)(?= ?[,.;]| (?:to"
        r"|and|from|between"
        r"|in which|after which)\b)",
        r"without (?:an? |any )(?:\w+ )?(?:cuts?|edits?|transitions?)(?= ?[,.;]| to\b)"
        r"|(?<=[.;] )cut to (?:the|an?|black)"
        r"|(?:the|each|an?) edit (?:jumps|cuts|switches|moves|shows)",
        r"(?:it|view|action|picture|image|perspective|angle|camera|everything|focus|story|narrative|setting)"
        r" (?:then |also |now |suddenly |abruptly |quickly |briefly |finally |next ){0,2}(?:cuts|switches"
        r"|jumps"
        r"|transitions) (?:away |back |over )?(?:in)?to (?:an? |the |another |his |her "
        r"|their )?(?:[\w-]{1,15} ){0,2}"
        r"(?:close-?ups?|shots?|scenes?|views?|angles?|image|picture|frame|clip|footage|perspective"
        r"|sequence|title"
        r"|interior|exterior|night|day|side|location|setting|moment|black|man|woman|boy|girl|person|people"
        r"|group"
        r"|crowd|room)",
        r"(?:cuts?|cutting) (?:away |back )?to (?:an? |the |another )?(?:[\w-]{1,15} ){0,2}(?:close-?ups?"
        r"|shots?"
        r"|scenes?|views?|angle|black|image|frame|clip|footage)",
        r"(?:transition(?:s|ing)?|switch(?:es|ing)?|shift(?:s|ing)?) (?:back )?(?:in)?to (?:an? |the "
        r"|another )"
        r"(?:[\w-]{1,15} ){0,2}(?:close-?ups?|shots?|scenes?|image|frame|clip|footage|angle)",
        r"(?:an?|one|the) (?:[\w-]{1,12} )?(?:cut|clip|scene|shot|close-?up) follows"
        r"|(?:scenes|shots|images|clips) (?:of [^.,;]{1,60} )?follow(?= ?[,.;]| in\b| with\b)",
        r"(?:shown|seen|captured|filmed|viewed|presented|repeated) (?:\w+ )?from (?:multiple|different"
        r"|various|several"
        r"|another|a different|a new|many|two|all) (?:camera )?angles?|camera angles? (?:changes?"
        r"|switch(?:es)?|shifts?)",
        r"followed by (?:an? |another |the )(?:[\w-]{1,15} ){0,2}(?:shot|close-?up|view|scene|image|clip"
        r"|frame)s?",
        r"(?:recording|clip|film|scene|action|story|video|footage) (?:then |suddenly )?(?:jumps"
        r"|skips) (?:forward"
        r"|ahead|back)",
        r"camera (?:then |suddenly |abruptly |now )?(?:cuts|switches|jumps) (?:back |away )?to",
        r"(?:transitions?|cuts?) between (?:an? |the )?(?:[\w-]{1,15} ){0,2}(?:shots|scenes|views|angles"
        r"|close-?ups"
        r"|clips)",
    ),
    Words(rf"\b(?:{DEVICES}|{STAGE}|{CREW}|spotlights?|dimmer|photographers?)\b"),
)
_ENGAGES = (
    r"(?:draw|invit|engag|immers|guid|captivat|lead|remind|transport|plac|put|involv|orient|entic)(?:s|es"
    r"|e|ing)?"
    r"|allow(?:s|ing)?|lets?|letting|keep(?:s|ing)?|giv(?:es?|ing)|show(?:s|ing)?|offer(?:s|ing)?"
    r"|provid(?:es?|ing)"
)
VIEWERS = Family(
    any_of(
        r"the viewers?(?:['’]s?)?",
        r"viewers?['’]s?|viewers (?:can|could|may|might|will|get|are|see|feel|to|an?|the|into|with|in)",
        rf"(?:for|to|{_ENGAGES}) (?:an? |any |its |all )?viewers?",
    ),
    Words(
        r"\b(?:(?:gallery|museum|exhibition|art|tv|television|other|several|many|some|few|dozen|two|three"
        r"|four|five|older|elderly|young|younger|one|another|seated|standing) viewers?"
        r"|an? (?:[\w-]{1,15} )?viewer (?:with|in|who|on|at|walks?|stands?|sits?|bends?|leans?|steps?"
        r"|takes?|holds?"
        r"|wears?|looks|points|stops)"
        r"|viewers (?:stand|sit|lean|step|walk|look|gather|crane|point|clap|cheer|wave|move|rise|queue|stroll"
        r"|file|wait|watch)"
        r"|(?:slide|stereo\w{0,6}|3d|picture|photo|image|film|file|pdf|document|map|reel|card)[- ]viewers?"
        r"|view-?master)\b"
    ),
)
AUDIENCES = Family(
    any_of(
        rf"(?:{_ENGAGES}) (?:the|an?|its) audience(?:['’]s?)?",
        r"the audience (?:is|are) (?:then |also )?(?:drawn|shown|invited|given|led|introduced|left|taken"
        r"|treated"
        r"|able)|the audience can (?:see|observe|feel|sense)|(?:to|for) the audience(?= ?[,.;])",
    ),
    Words(
        r"\b(?:stages?|theat(?:re|er)s?|concerts?|sing\w{0,4}|perform\w{0,6}|bands?|musicians?|dancers?"
        r"|actors?"
        r"|speakers?|lectur\w{1,4}|comedians?|magicians?|clowns?|jugglers?|acrobats?|conductors?|orchestra"
        r"|circus"
        r"|arena|stadium|seats?|seated|rows?|hall|crowds?|applau\w{2,4}|claps?|host|presenters?|guitar\w{0,4}"
        rf"|pianist|violin\w{{0,4}}|choir|auditorium|bows?|podium|microphones?|{DEVICES})\b"
    ),
)
CAMERAS = Family(
    any_of(
        # `The camera captures a dog` brings in what it describes.
        r"(?:the|this) camera (?:\w+ly |then |also )?(?:(?:captures?|capturing|records?|films?"
        r"|documents?)(?! an?\b)"
        r"|(?:starts?|begins?|stops?|is) (?:recording|filming|to record|to film)|is (?:turned"
        r"|switched) (?:on|off))",
        r"(?:shown|seen|visible|appears?|caught|captured|recorded) on (?:the )?camera",
        r"(?:person|individual|someone|whoever|man|woman|operator|one|people) (?:who is |who['’]s "
        r"|is )?(?:behind"
        r"|holding|operating|carrying|with) the camera",
        r"(?:person|individual|one) (?:who|that) (?:films|records|filmed|recorded)",
        r"(?:the person|the individual|whoever is|someone|the cameraperson|the one) (?:who is )?(?:filming"
        r"|recording)(?= ?[,.;]|(?: (?:the|this) (?:video|clip|scene|footage|moment))?(?: \w+){0,2}$"
        r"| (?:the|this) (?:video|clip|scene|footage|moment)\b"
        r"| (?:walks|stands|sits|moves|follows|stays|is|speaks|laughs|zooms|pans|seems|keeps|remains"
        r"|turns)\b)",
        rf"(?:is|are|was|were|been|appears? to be|seems? to be) (?:\w+ly )?{_FILMED}",
    ),
    Words(rf"\b(?:{PHOTOGRAPHERS}|{CREW}|{DEVICES})\b"),
)
FAMILIES = (
    SCENES, SCENES_IN_TURN, SHOTS, SHOTS_CUT, SEQUENCES, FILMS, SCREENS, FADES, VIEWERS, AUDIENCES, CAMERAS,
)  # fmt: skip
