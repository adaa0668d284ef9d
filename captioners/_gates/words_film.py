"""How models speak of the video, recording or picture itself, and of what it is part of: families of phrases
with the things beside which they are no talk."""

from captioners._gates.words import Words, any_of
from captioners._gates.words_screen import BY_THE_WAY, PARTS, TELLS, Family
from captioners._gates.words_seen import CREW, DEVICES, MADE, PHOTOGRAPHERS

_WORK = (
    r"(?:video|clip|footage|recording|film|movie|commercial|advertisement|advert|documentary|tutorial|vlog"
    r"|broadcast|montage|compilation|time-?lapse|animation|screenshot|trailer|live-?stream|tv show|tv series"
    r"|television (?:show|series)|cartoon|music video|photo|photograph)"
)
_OWN = (
    r"['’]s (?:[\w-]{1,15} )?(?:focus|moments?|start|end|beginning|length|duration|mood|tone|subject"
    r"|quality|setting"
    r"|frames?|opening|seconds?|half|audio|soundtrack|background|cent(?:er|re))"
)

QUALITY = Family(
    any_of(
        r"(?:image|video|picture|footage|recording|film|visual) (?:quality|resolution|stabili[sz]ation"
        r"|noise)",
        r"frame ?rates?|aspect ratio|compression artefacts?|compression artifacts?|resolution of the"
        r"|(?:continuous|single|long|uninterrupted|unbroken|one) take(?= ?[,.;])|low[- ]resolution"
        r"|rule of thirds",
        r"in (?:portrait|landscape) (?:mode|orientation|format)|(?:vertical|widescreen) (?:video )?format",
    ),
    Words(rf"\b(?:{DEVICES}|{PHOTOGRAPHERS})\b"),
)
WORKS = Family(
    any_of(
        r"(?:it|this) (?:is|was) an? (?:[\w-]{1,15} ){0,3}(?:video|clip|recording|film|time-?lapse"
        r"|animation|montage)"
        r"(?! (?:game|call|camera|player|star|crew))",
        r"(?:appears?|seems?|looks like|likely|possibly|probably|presumably|perhaps) (?:(?:to (?:be|come"
        r"|have been)"
        r"|it (?:is|was)|be) )?(?:(?:taken|recorded|captured|excerpted|part|made) )?(?:from |of "
        r"|as )?(?:an? |the |some )"
        rf"(?:[\w-]{{1,15}} ){{0,3}}{_WORK}",
        r"(?:scene|still|shot|frame|clip|excerpt|moment|image|footage|screenshot)s? (?:taken )?from (?:an?"
        r"|the|some)"
        rf" (?:[\w-]{{1,15}} ){{0,3}}{_WORK}",
    ),
    Words(rf"\b(?:{DEVICES}|{MADE}|{CREW}|cosplay\w{{0,4}}|costumes?|t-?shirts?|watch(?:es|ing)?)\b"),
)
FRAMED = Family(
    any_of(
        r"(?:visible|seen|shown|present|captured|depicted|featured|displayed) (?:\w+ly )?(?:in|within"
        r"|throughout"
        r"|across|inside) (?:the |this |each )?(?:entire |whole )?frame(?= ?[,.;]|$| (?:near|at|is|and|as"
        r"|while|with"
        r"|on|for|until|behind|beside|throughout|before|during|but)\b)",
        r"frame (?:after|by|to) frame(?! animat)|(?:in|by|from|at|until|to) frames? (?:one|two|three|four"
        r"|five|six|seven|eight|nine|ten)",
        r"(?:in|an?|the|with) freeze[- ]frame(?= ?[,.;]|$| (?:of|shows|as|on)\b)|(?:the"
        r"|this) frame (?:\w+ly )?freezes",
    ),
    Words(
        r"\b(?:(?:picture|photo|door|window|bed|metal|wooden|climbing|bike|bicycle|steel|glass|empty"
        r"|gilded|ornate"
        r"|walking|oak|silver|gold|golden|loom|embroidery)[- ]?frames?|hives?|bees?|beekeepers?|snooker"
        r"|bowl\w{0,4}"
        r"|frames? of|framers?|optician|glasses|animators?|comics?|storyboards?)\b"
    ),
)
_COMPOUND = (
    r"(?! (?:games?|gam(?:er|ing)s?|calls?|players?|walls?|conferenc\w{1,3}|stores?|shops?|rentals?"
    r"|artists?|art"
    r"|installations?|cameras?|monitors?|screens?|links?|feeds?|projectors?|edit\w{1,5}|chats?|equipment"
    r"|village"
    r"|tapes?|cassettes?|recorders?|arcades?|consoles?|cards?|cables?|displays?|assistants?|referees?"
    r"|reviews?"
    r"|crews?|teams?|library|collection|directors?|wedding|poker)\b)"
)
VIDEOS = Family(
    any_of(
        rf"[\w-]{{2,15}} footage {BY_THE_WAY}(?:{TELLS}|condenses|tracks|records|begins|starts|ends|opens)",
        r"(?:the|this|that|these|those|both|our|entire|whole) (?:[\w-]{1,15} ){0,2}(?:video"
        r"|footage)s?(?:['’]s)?"
        rf"{_COMPOUND}",
        r"(?<![\w-] )(?:video|clip|footage) (?:then |also )?(?:shows|begins|starts|ends|opens|cuts to"
        r"|continues|fades)",
        r"(?:then|and|as|when|while|until|before) (?:video|clip|footage) (?:then |also )?(?:shows|begins"
        r"|starts|ends|opens"
        r"|cuts to|continues|fades)",
        r"(?:the|this|both|these|entire|whole) clips? (?:\w+ly |then |also )?(?:stops?|loops?|cuts (?:off"
        r"|out|to)|breaks off|is (?:taken|made|set|about|of)|shows?|depicts?|captures?|features?|follows?"
        r"|lasts?)",
        rf"(?:the|this) clip{_OWN}|{PARTS} of (?:the|this) (?:[\w-]{{1,12}} )?(?:video|footage)",
    ),
    Words(
        rf"\b(?:{DEVICES}|{CREW}|watch(?:es|ing)? (?:an?|the|his|her|their|its|this|that|some|old|back)"
        r" (?:[\w-]{1,15} ){0,2}?(?:video|clip|footage|film|movie|recording|show)s?|films|filming|records"
        r"|recording (?:an?|his|her)|play(?:s|ed|ing)? (?:back )?(?:an?|the) (?:[\w-]{1,15} )?(?:video"
        r"|clip|recording|footage)|rewinds?|scrubs?|detectives?|judges?|jury|archiv\w{1,5}|(?:an?|his|her"
        r"|their|another|music|viral|training|old)"
        r" (?:[\w-]{1,15} ){0,2}(?:video|clip|recording|footage)|footage of (?:his|her|their)"
        r"|video (?:game|call|player"
        r"|wall|conference|artist|installation|shop|store)s?|holster|rifle|pistol|carabiner|(?:hair|paper"
        r"|nail|tie"
        r"|belt|binder|bulldog|crocodile|alligator|ammunition|magazine|money|microphone|metal|plastic)"
        r"[- ]?clips?|(?<!the )(?<!this )clips? (?:onto|to|around|her|his|a))\b"
    ),
)
RECORDINGS = Family(
    any_of(
        r"(?:the|this) recording (?:\w+ly |then |also )?(?:stops|ends|starts|begins|continues|loops"
        r"|cuts (?:off|out|to)"
        r"|breaks off|is (?:made|taken|set|of|shaky|from|in)|shows|depicts|captures|features|follows|lasts"
        r"|appears|seems)",
        rf"(?:the|this) recording{_OWN}|{PARTS} of (?:the|this) recording|(?:in|throughout|during) (?:the"
        r"|this)"
        r" recording(?= ?[,.;]|$)",
    ),
    Words(
        rf"\b(?:{DEVICES}|{CREW}|records|recorders?|gramophone|studio|microphones?|tapes?|cassettes?|vinyl"
        r"|musicians?|bands?|sing\w{0,4}|an? recording|headphones|judges?|jury|archiv\w{1,5}|detectives?)\b"
    ),
)
IMAGES = Family(
    any_of(
        r"(?:the|this) (?:image|picture) (?:\w+ly |then )?fades(?= ?[,.;]| (?:in|out|to|and|as)\b)",
        r"(?:the|these|this|all|both|given|provided) (?:images?|stills?|visuals|photos|photographs"
        r"|screenshots?|snapshots?)"
        rf" {BY_THE_WAY}(?:{TELLS}|are|were|have|appears?|seems?|indicate|is (?:taken|captured|of|in"
        r"|from|set|sharp"
        r"|clear|blurry|grainy|framed|composed)|remains?|ends?)",
        r"(?:the|this) (?:image|picture) (?:then |now |suddenly |slowly )?(?:changes|switches|(?:shifts"
        r"|transitions|moves)"
        r" (?:back )?(?:in)?to)",
        rf"(?:focus|focal point|main subject|{PARTS}) of (?:the|this) (?:image|picture|photo)",
    ),
    Words(
        rf"\b(?:{DEVICES}|{MADE}|{PHOTOGRAPHERS}|posters?|canvas|draws|distill\w{{0,5}}|moonshin\w{{1,4}}"
        r"|copper|whisk(?:e?y|eys)|mirrors?"
        r"|reflect\w{0,6}|albums?|prints?|printed|portraits?|saints?|icons?|x-?rays?|scans?|ultrasound"
        r"|darkroom|magazines?"
        r"|newspapers?|hang(?:s|ing)?|hung|pinned|wall of|galler(?:y|ies)|museums?|exhibit\w{0,6}"
        r"|hologra\w{1,4}"
        r"|flip ?book|collages?|puzzles?|jigsaw|tattoo\w{0,2}|stamps?|stickers?|polaroids?|negatives"
        r"|framed|frames"
        r"|(?:an?|his|her|their|old|family) (?:[\w-]{1,15} ){0,2}(?:image|picture|photo|photograph)s?)\b"
    ),
)
PICTURES_MADE = Words(rf"\b(?:{MADE}|paint\w{{0,4}}|draws|canvas|posters?)\b")
FAMILIES = (QUALITY, WORKS, FRAMED, VIDEOS, RECORDINGS, IMAGES)
