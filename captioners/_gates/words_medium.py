"""How models speak of the video or picture that they describe, in words that hardly fit a thing in it."""

from captioners._gates.words import Words, any_of

_VIDEO = r"(?:video|clip|footage|recording|film clip|video clip)"
_IMAGE = r"(?:image|picture|photo|photograph|screenshot|snapshot)"
_ASIDE = r"(?:, (?:which|that) [^,.;]{1,60},)?"
OF_THE_MEDIUM = any_of(
    rf"(?:at|towards?|near|by|until|from|in|since|around) the (?:very )?(?:start|beginning|end|close|middle"
    rf"|midpoint|half|opening|conclusion|remainder|rest|duration|course) of (?:the|this) {_VIDEO}",
    rf"(?:as|when|while|before|after|until|once|where|by the time|and|but) (?:the|this) {_VIDEO}{_ASIDE}"
    r" (?:\w{2,14}ly )?(?:progresses|continues|unfolds|ends|begins|starts|goes on|plays on|closes|concludes"
    r"|proceeds|reaches|advances|draws to|comes to|cuts|fades|shows|lasts|moves on)",
    rf"(?:focus|subject|theme|highlight|purpose|length|quality|tone|mood|setting|content) of (?:the"
    rf"|this) {_VIDEO}"
    r"(?! (?:she|he|they|that) )",
    rf"with (?:the|this) {_VIDEO} (?:\w+ly )?(?:ending|starting|beginning|closing|opening|concluding"
    rf"|showing"
    r"|focusing|focused|capturing|cutting)",
    rf"(?:the|this) (?:entire |whole )?{_VIDEO}{_ASIDE} (?:\w+ly )?(?:serves as|conveys|lasts"
    rf"|consists of|has no"
    r"|contains no|lacks|emphasi[sz]es|highlights|depicts|captures|documents|showcases|features|presents)",
    rf"(?:anywhere|nothing|nowhere|no one|nobody|else|audible|visible|seen|heard|shown"
    rf"|present) (?:\w+ ){{0,2}}?"
    rf"(?:in|throughout|within|during) (?:the|this) {_VIDEO}",
    rf"(?:throughout|over the course of|for the duration of) (?:the|this) (?:entire |whole )?{_VIDEO}",
)
"""Of a video: talk unless one is seen."""
OF_THE_IMAGE = any_of(
    rf"(?:(?:left|right)(?:-hand)?(?: side| edge| half| corner| third)?|top|bottom|cent(?:er|re)|middle"
    rf"|edges?"
    rf"|corners?|foreground|background|upper|lower|rest) of (?:the|this) {_IMAGE}",
    rf"(?:suggest\w{{0,4}}|indicat\w{{1,4}}|impl(?:y|ies|ying)|clear|evident|likely)(?: that)? (?:the"
    rf"|this|these) {_IMAGE}s?"
    r" (?:was|were|is|are)",
    rf"(?:in|outside|within|beyond) (?:the|this) {_IMAGE}(?= ?[,.;])",
)
"""Of a picture: talk unless one is seen."""
VIDEO_SEEN = Words(
    r"\b(?:screens?|monitors?|phones?|smartphones?|laptops?|tablets?|televisions?|tvs?|projector|projected"
    r"|computers?|youtube\w{0,2}|vlog\w{0,5}|films|filming|edit(?:s|ing|ors?)|records?|recorders?"
    r"|recording (?:a|the|his|her)"
    r"|watch(?:es|ing)? (?:an?|the|his|her|their|its|this|that|some|old|back) (?:[\w-]{1,15} ){0,2}?"
    r"(?:video|clip|footage|film|movie|recording|show)s?"
    r"|(?:an?|his|her|their|its|another|music|home|viral|training|security|surveillance"
    r"|old) (?:[\w-]{1,15} )?"
    r"(?:video|clip|recording|footage|film)|video (?:game|call|player|wall|conference|artist"
    r"|installation|shop|store)"
    r"|app|websites?|cinemas?|timeline|media player|display|play(?:s|ed|ing)? back|rewinds?|scrubs?"
    r"|(?:hair|paper|nail|tie|belt|binder|bulldog|crocodile|alligator|ammunition|magazine|money"
    r"|microphone|metal"
    r"|plastic) ?clips?|(?<!the )(?<!this )clips? (?:onto|on to|to|around|her|his|a)|holster|rifle|pistol"
    r"|carabiner"
    r"|climb\w{0,3})\b"
)
"""A video, or a clip, that is a thing in the scene."""
IMAGE_SEEN = Words(
    r"\b(?:screens?|monitors?|phones?|smartphones?|laptops?|tablets?|televisions?|projector|projected"
    r"|computers?"
    r"|posters?|paintings?|paints?|painters?|painted|canvas|murals?|mosaics?|frescos?|photograph(?:s|er"
    r"|ers|ing)"
    r"|(?:an?|his|her|their|its|another|framed|old|family|each|every) (?:[\w-]{1,15} ){0,2}?"
    r"(?:image|picture|photo|photograph|screenshot|snapshot)|mirror(?:s|ed)?|reflect\w{0,6}"
    r"|hologra\w{1,4}|display"
    r"|puzzles?|jigsaw|draws?|drawings?|drawn|sketch\w{0,4}|prints?|hangs?|hung|walls?|album|frames?"
    r"|developer"
    r"|darkroom|magazines?|newspapers?|books?|pages?|cards?|billboards?|tapestr(?:y|ies)"
    r"|embroider\w{0,4})\b"
)
"""A picture that is a thing in the scene."""
HANDLED = Words(
    r"\b(?:straighten|turn|hang|hold|lift|pin|tape|stick|look|point|bless|touch|grab|fasten|bend|push"
    r"|pull|slide|hand"
    r"|ask|carr|lay|lie|drop|pick|put|place|fold|tear|rip|burn|sign|frame|dust|clean|wipe|kiss|stroke"
    r"|unclip|attach"
    r"|fix|glue|open|close|squeeze|load|eject|snap|press|stud|examine|inspect|film|record|shar|send"
    r"|upload|delet|archiv"
    r"|print)(?:s|es|ies|ing)? (?:(?!(?:in|within|throughout|during|across|as|while|until|when)\b)"
    r"[\w-]{1,12} ){0,2}?(?:the|this|that|his|her|their"
    r"|its) (?:[\w-]{1,12} ){0,2}?"
    r"(?:video|clip|footage|recording|image|picture|photo|photograph|snapshot|screenshot)s?\b(?! progress)"
    r"|\b(?:clip|recording|photo|photograph|picture)s?, which (?:snaps|clicks|opens|closes|hangs|holds"
    r"|shows|is torn)"
    r"|\b(?:judge|jury|detectives?|archiv\w{1,5}|sleeves? of (?:a|the) record|film a|films a)\b"
)
"""Words for what is done with a picture, a clip or a film in the scene."""
HUNG = Words(r"\b(?:puzzles?|x-?rays?|museum|gallery|(?:on|from|against|off|to) the wall)\b")
"""The same of a picture alone."""
CLIPPED = Words(r"\b(?:soldiers?|rounds|hoses?|mechanics?|climbers?|carabiners?|badges?)\b")
"""The same of a clip that holds something."""
