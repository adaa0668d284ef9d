"""Things in a scene beside which a screen, a scene, a shot or a picture is one that is seen."""

_HELD = r"(?:laptops?|(?:smart)?phones?|tablets?|computers?)"
_IN_USE = (
    r"(?:film(?:s|ing|ed)|record(?:s|ing|ed)|scroll\w{0,4}|swip\w{1,4}|play(?:s|ing)|watch(?:es|ing)?"
    r"|shows?|showing"
    r"|displays?|taps|tapping|screens?|videos?|clips?|footage|photos?|pictures?|photograph\w{0,3})"
)
"""A phone in a hand shows nothing yet."""
DEVICES = (
    r"televisions?|tvs?|monitors?|cinemas?|movie theat\w{2,3}|projectors?|projected|projects|kiosks?"
    r"|touch-?screens?|billboards?|jumbotron|scoreboards?"
    r"|(?:an?|one|two|three|four|his|her|their|its|large|big|huge|giant|led|green|small|second|wide|curved"
    r"|cracked|flat|video|blank|white) screens?|screens|screen (?:recording|capture)|screencast"
    r"|(?:its|his|her|their|digital|led|lcd|camera|small|large|on the|whose) displays?"
    r"|display (?:shows|reads|blinks|says|glows|flickers)|displays? (?:of|on) (?:his|her|the|a) (?:camera"
    r"|phone)"
    r"|cursor|pointer|menu (?:bar|item)|browser|app|apps|websites?|web ?page|desktop|interface|terminal"
    r"|spreadsheet"
    r"|powerpoint|youtube\w{0,2}|timeline|editing|edits|editors?|media player|consoles?|controllers?"
    rf"|joysticks?|arcade|gamers?|(?:next|new|lecture|his|her|first|last) slides?|slides? (?:shows|changes)"
    rf"|slide ?shows?|lectur\w{{1,4}}|presentations?|{_IN_USE}[^.]{{0,60}} {_HELD}"
    rf"|{_HELD}\b[^.]{{0,60}} {_IN_USE}"
    rf"|{_HELD}\. (?:on it|on its|there|the (?:screen|display|video|clip|footage|image|picture))"
)
CREW = (
    r"(?:film|camera|tv|television|news|video) (?:crew|team|set|director)s?|crews?|directors?|clapper\w{0,6}"
    r"|actors?|actress(?:es)?"
)
STAGE = (
    r"theat(?:re|er)s?|(?:the|an?|school|stage) play|rehears\w{1,4}|operas?|puppet\w{0,5}"
    r"|stage ?hands?"
    r"|(?:stage|velvet|paper) curtains?|curtains? (?:opens?|rises?|falls?|parts?|closes)|behind the curtain"
    r"|dramas?|prompter"
    r"|acts? out|acting out|re-?enact\w{0,5}"
)
MADE = (
    r"paint(?:ed|ers?|ings?)|murals?|fresco\w{0,2}|mosaics?|tapestr(?:y|ies)|embroider\w{0,4}|carv(?:ed"
    r"|ings?)|reliefs?"
    r"|stained[- ]glass|dioramas?|miniatures?|nativity|storyboards?|comics?|snow ?globes?|backdrops?"
    r"|draw(?:n|ings?)|sketch\w{0,3}|engrav\w{1,4}|picture books?"
)
BALLS = (
    r"balls?|basketball|football\w{0,3}|soccer|goal\w{0,7}|keepers?|hoops?|rim|baskets?|pucks?|golf\w{0,3}"
    r"|tennis|rackets?|putters?|archers?|arrows?|targets?|rifles?|guns?|pistols?|bullets?|hunters?|shooters?"
    r"|shooting|cannons?|espresso|baristas?|tequila|vodka|whisk(?:e?y|eys|ies)|liquor|rum|bartenders?"
    r"|shot glass\w{0,2}|syringes?|vaccin\w{1,5}|nurses?|billiards?|snooker|cue|curling|catapults?"
    r"|slingshots?"
    r"|marbles|dartboard|shuttlecocks?|volleys?|hockey|cricket\w{0,3}|penalt(?:y|ies)|free kick|referees?"
)
PHOTOGRAPHERS = (
    r"photograph\w{0,4}|photo ?shoots?|camera(?:m[ae]n|wom[ae]n|persons?|s)|videographers?|tripods?|selfies?"
    r"|vlog\w{0,4}|(?:an?|his|her|their|its|second|two|security|surveillance|video|film|tv|television|toy|old"
    r"|compact|digital|movie|trail|wildlife|cctv) (?:[\w-]{1,15} )?cameras?|dash ?cams?|webcams?|reporters?"
)
